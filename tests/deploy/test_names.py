"""Dashboards and alerts speak of metrics, labels and values that the code has, and every alert has its runbook."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import promql_parser as promql
import pytest

from gateway.domain import errors
from gateway.execution.errors import PARSE_FAILED, VALIDATION_FAILED
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.watch import GONE, PARTIAL
from gateway.upstream.told import OURS
from tests.deploy.files import DEPLOY, ROOT, documents, resource

SCRAPED = {"pod", "namespace", "job", "instance"}
GROUPS = documents(DEPLOY / "prometheus/alerts.yaml")[0]["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
DASHBOARD = json.loads((DEPLOY / "grafana/gateway.json").read_text("utf-8"))
OPERATIONS = (ROOT / "docs/operations.md").read_text("utf-8")


def known() -> dict[str, set[str]]:
    """Labels by name of every sample the code can write."""
    registry = Metrics()._registry
    found = {}
    for collector, names in registry._collector_to_names.items():
        labels = set(collector._labelnames)  # type: ignore[attr-defined]
        for name in names:
            found[name] = labels | ({"le"} if name.endswith("_bucket") else set())
    return found


KNOWN = known()


def questions() -> Iterator[tuple[str, str]]:
    """Where each expression stands, and itself."""
    for rule in RULES:
        yield rule.get("alert") or rule["record"], rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"].replace("$__rate_interval", "5m")


def selectors(expression: str) -> list[promql.VectorSelector]:
    found: list[promql.VectorSelector] = []

    def seen(node: object) -> None:
        if isinstance(node, promql.VectorSelector):
            found.append(node)
        elif isinstance(node, promql.MatrixSelector):
            found.append(node.vector_selector)

    promql.walk(promql.parse(expression), seen)
    return list({repr(each): each for each in found}.values())


@pytest.mark.parametrize(("where", "expression"), list(questions()))
def test_every_expression_asks_for_what_there_is(where: str, expression: str) -> None:
    found = selectors(expression)
    assert found, f"{where}: no metric in it"
    labels: set[str] = set()
    for each in found:
        assert each.name in KNOWN or each.name in RECORDED, f"{where}: no metric is called {each.name}"
        labels |= KNOWN.get(each.name or "", {"pod", "vendor"})
        asked = {matcher.name for matcher in each.matchers.matchers}
        assert asked <= KNOWN.get(each.name or "", set()) | SCRAPED, f"{where}: {each.name} has no such label"
    grouped = {name.strip() for group in re.findall(r"\bby \(([^)]*)\)", expression) for name in group.split(",")}
    assert grouped <= labels | SCRAPED, f"{where}: grouped by a label there is not"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not here: the expressions are parsed above")
@pytest.mark.parametrize("asked", [("check", "alerts.yaml"), ("test", "alerts.test.yaml")])
def test_prometheus_itself_takes_the_rules_and_rings(asked: tuple[str, str]) -> None:
    command = ["promtool", asked[0], "rules", str(DEPLOY / "prometheus" / asked[1])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_outcomes_asked_for_can_come() -> None:
    codes = {error.code for error in vars(errors).values() if isinstance(error, type) and hasattr(error, "code")}
    can = codes | {word for _, word in OURS} | {"ok", PARTIAL, GONE, "INTERNAL", "OVERLOADED"}
    can |= {PARSE_FAILED, VALIDATION_FAILED}
    told = {
        value
        for _, expression in questions()
        for values in re.findall(r'outcome(?:=~|!=|=)"([^"]*)"', expression)
        for value in values.split("|")
    }
    assert len(told) > 5
    assert told <= can


def test_every_metric_is_on_the_dashboard_or_in_an_alert() -> None:
    """Else nobody looks at it, and it costs for nothing."""
    asked = {each.name for _, expression in questions() for each in selectors(expression)}
    families = {re.sub(r"_(total|bucket|sum|count|created)$", "", name) for name in KNOWN}
    assert {re.sub(r"_(total|bucket|sum|count)$", "", name or "") for name in asked} - RECORDED == families


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    section = OPERATIONS.split("\n## Runbooks\n", 1)[1].split("\n## ", 1)[0]
    runbooks = re.findall(r"^### (\w+)$", section, re.MULTILINE)
    assert sorted(runbooks) == sorted(rule["alert"] for rule in ALERTS)
    for rule in ALERTS:
        assert rule["annotations"]["runbook_url"] == f"docs/operations.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]


def test_the_panels_do_not_overlap_and_have_their_own_ids() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(taken)) == len(taken)
    assert max(x for x, _ in taken) < 24


def test_what_the_autoscaler_reads_is_what_the_adapter_makes_of_our_metric() -> None:
    (rule,) = documents(DEPLOY / "prometheus/adapter.yaml")[0]["rules"]
    pods = [each["pods"] for each in resource("HorizontalPodAutoscaler")["spec"]["metrics"] if each["type"] == "Pods"]
    assert [each["metric"]["name"] for each in pods] == [rule["name"]["as"]]
    assert rule["seriesQuery"].partition("{")[0] in KNOWN


@pytest.mark.parametrize("name", ["prometheus/prometheus.yaml", "prometheus/compose.yaml"])
def test_a_scrape_names_the_label_by_which_pods_are_told_apart(name: str) -> None:
    (job,) = documents(DEPLOY / name)[0]["scrape_configs"]
    targets = {rule.get("target_label") for rule in job.get("relabel_configs", [])}
    static = {label for config in job.get("static_configs", []) for label in config["labels"]}
    assert "pod" in targets | static


def test_the_image_and_the_probe_of_the_dockerfile_agree_with_the_manifests() -> None:
    dockerfile = Path(ROOT / "Dockerfile").read_text("utf-8")
    pod = resource("Deployment")["spec"]["template"]["spec"]
    (user,) = re.findall(r"^USER (\d+)$", dockerfile, re.MULTILINE)
    assert pod["securityContext"]["runAsUser"] == int(user)
    (port,) = re.findall(r"^EXPOSE (\d+)$", dockerfile, re.MULTILINE)
    assert pod["containers"][0]["ports"] == [{"name": "http", "containerPort": int(port)}]
