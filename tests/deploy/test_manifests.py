"""The manifests are valid for Kubernetes, start a gateway with settings it has, and keep what the contract promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from gateway import settings
from gateway.settings import Settings
from tests.deploy.files import DEPLOY, MANIFESTS, ROOT, documents, resource

DRAIN_AND_FINISH = Settings.model_fields["drain_seconds"].default + 15


@pytest.mark.parametrize(
    ("path", "number"),
    [(path, number) for path in MANIFESTS for number in range(len(documents(path)))],
    ids=lambda part: part.name if isinstance(part, Path) else str(part),
)
def test_a_resource_is_valid_and_has_no_member_too_many(path: Path, number: int) -> None:
    kubernetes_validate.validate(documents(path)[number], kubernetes_validate.latest_version(), strict=True)


def test_the_validator_refuses_a_member_that_is_not_one() -> None:
    """Else the test above proves nothing."""
    broken = resource("Deployment") | {"spek": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, kubernetes_validate.latest_version(), strict=True)


def test_kustomize_names_every_file_of_its_folder_but_the_example() -> None:
    listed = documents(DEPLOY / "kubernetes/kustomization.yaml")[0]["resources"]
    here = {path.name for path in MANIFESTS if path.parent.name == "kubernetes"}
    assert set(listed) == here - {"secrets.example.yaml"}


def test_a_gateway_starts_with_these_settings_and_these_names_of_secrets(tmp_path: Path) -> None:
    environment = dict(resource("ConfigMap")["data"])
    key = "00" * 32
    secrets = {
        name: key if name.endswith("_KEY") and "VENDORS" not in name else "secret"
        for name in resource("Secret")["stringData"]
        if name.startswith("GATEWAY_")
    }
    for name, value in secrets.items():
        (tmp_path / name).write_text(value, "utf-8")
    mounted = Path(environment["GATEWAY_SECRETS_DIR"])
    assert Path(environment["GATEWAY_API_KEYS"]).parent == mounted
    assert Path(environment["GATEWAY_API_KEYS"]).name in resource("Secret")["stringData"]
    loaded = settings.load(None, environment | {"GATEWAY_SECRETS_DIR": str(tmp_path)})
    assert loaded.simulated == frozenset()
    assert all(getattr(loaded.vendors, name).configured for name in type(loaded.vendors).model_fields)
    assert all(value == "" for value in resource("Secret")["stringData"].values())


def test_files_are_mounted_where_the_settings_look_for_them() -> None:
    environment = resource("ConfigMap")["data"]
    pod = resource("Deployment")["spec"]["template"]["spec"]
    mounts = {mount["mountPath"]: mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
    assert mounts[environment["GATEWAY_SECRETS_DIR"]] == "secrets"
    sites = Path(environment["GATEWAY_SITES"])
    assert mounts[str(sites.parent)] == "sites"
    assert sites.name in resource("ConfigMap", "gateway-sites")["data"]
    assert {volume["name"] for volume in pod["volumes"]} == set(mounts.values())


def test_a_pod_is_given_the_time_its_drain_takes() -> None:
    pod = resource("Deployment")["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > DRAIN_AND_FINISH


def test_quotas_are_divided_by_as_many_pods_as_there_may_be() -> None:
    """rules.md 46."""
    most = resource("HorizontalPodAutoscaler")["spec"]["maxReplicas"]
    assert resource("ConfigMap")["data"]["GATEWAY_REPLICAS"] == str(most)


def test_one_pod_stays_while_nodes_are_emptied() -> None:
    fewest = resource("HorizontalPodAutoscaler")["spec"]["minReplicas"]
    assert 0 < resource("PodDisruptionBudget")["spec"]["minAvailable"] < fewest
    assert resource("Deployment")["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_probes_ask_the_paths_that_answer_them() -> None:
    (container,) = resource("Deployment")["spec"]["template"]["spec"]["containers"]
    paths = {name: container[name]["httpGet"]["path"] for name in container if name.endswith("Probe")}
    assert paths == {"startupProbe": "/readyz", "readinessProbe": "/readyz", "livenessProbe": "/healthz"}


def pods() -> list[Any]:
    return [
        pytest.param(document["spec"]["template"], id=document["metadata"]["name"])
        for path in MANIFESTS
        for document in documents(path)
        if document["kind"] in ("Deployment", "StatefulSet", "Job")
    ]


@pytest.mark.parametrize("template", pods())
def test_no_container_has_a_right_it_does_not_need(template: dict[str, Any]) -> None:
    pod = template["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_nobody_reaches_anybody_who_is_not_listed() -> None:
    closed = resource("NetworkPolicy", "nothing-else")["spec"]
    assert closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    (way_in,) = resource("NetworkPolicy", "valkey")["spec"]["ingress"]
    assert [each["podSelector"]["matchLabels"] for each in way_in["from"]] == [{"app.kubernetes.io/name": "gateway"}]


def test_compose_starts_a_gateway_with_settings_it_has_and_files_that_are_there() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    loaded = settings.load(None, services["gateway"]["environment"])
    assert loaded.simulated, "nobody's data without credentials"
    assert loaded.cache_url.get_secret_value().partition("://")[2].startswith("valkey:")
    for service in services.values():
        for mounted in service.get("volumes", []):
            assert (ROOT / mounted.partition(":")[0]).exists(), mounted
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert set(services["gateway"]["depends_on"]) <= set(services)
