"""The commands as a person meets them: exit status, one clear line, no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

PLAIN = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}


def gateway(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**PLAIN, **environment}, timeout=60)


@pytest.mark.parametrize(
    ("arguments", "environment", "line"),
    [
        (["serve", "--config", "/nowhere.toml"], {}, "gateway: GATEWAY_CONFIG: the file cannot be read"),
        (
            ["serve"],
            {"GATEWAY_PAGE_SIZE": "canary-4711"},
            "gateway: GATEWAY_PAGE_SIZE: input should be a valid integer",
        ),
        (["query", "{ x }"], {"GATEWAY_SITE": "x"}, "gateway: GATEWAY_SITE: there is no such setting; did you mean"),
        (["query", "nowhere.graphql"], {}, "gateway: DOCUMENT_OR_FILE: neither a GraphQL document nor a file"),
        (["query", "--variables", "canary-4711", "{ x }"], {}, "gateway: --variables: not a JSON object"),
        (["sites", "check"], {"GATEWAY_SITES": "/nowhere.toml"}, "gateway: GATEWAY_SITES: "),
        (["serve"], {"GATEWAY_PSEUDONYM_KEY": "canary-4711"}, "gateway: GATEWAY_PSEUDONYM_KEY: must be 32 bytes"),
    ],
)
def test_bad_usage_or_configuration_is_one_line_and_status_2(
    arguments: list[str], environment: dict[str, str], line: str
) -> None:
    done = gateway(*arguments, **environment)
    assert done.returncode == 2
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1
    assert "4711" not in done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [["serve", "--prot", "1"], ["serve", "--port", "70000"], ["nothing"]])
def test_an_option_there_is_not_is_status_2(arguments: list[str]) -> None:
    done = gateway(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_every_command_of_the_contract_has_help() -> None:
    text = gateway("--help").stdout
    for command in ("serve", "sandbox", "schema", "query", "sites"):
        assert command in text


def test_schema_check_tells_a_stale_file_from_a_fresh_one(tmp_path: Path) -> None:
    file = tmp_path / "schema.graphql"
    file.write_text(gateway("schema").stdout)
    assert "type Query" in file.read_text()
    assert gateway("schema", "--check", "--file", str(file)).returncode == 0
    file.write_text(file.read_text() + "# stale\n")
    assert gateway("schema", "--check", "--file", str(file)).returncode == 1


def test_the_schema_of_a_subgraph_is_printed_and_checked_apart(tmp_path: Path) -> None:
    file = tmp_path / "subgraph.graphql"
    file.write_text(gateway("schema", "--subgraph").stdout)
    assert 'type Site implements Node @key(fields: "id")' in file.read_text()
    assert gateway("schema", "--subgraph", "--check", "--file", str(file)).returncode == 0
    stale = gateway("schema", "--check", "--file", str(file))
    assert stale.returncode == 1
    assert "gateway schema >" in stale.stderr


def test_a_query_answers_in_json_with_status_0_and_1_where_it_has_errors(tmp_path: Path) -> None:
    document = tmp_path / "names.graphql"
    document.write_text("query($n: Int) { sites(first: $n) { nodes { key } } }")
    good = gateway("query", "--variables", '{"n": 2}', str(document))
    assert good.returncode == 0
    assert len(orjson.loads(good.stdout)["data"]["sites"]["nodes"]) == 2
    bad = gateway("query", "{ nope }")
    assert bad.returncode == 1
    assert orjson.loads(bad.stdout)["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


def test_the_sandbox_prints_where_it_plays_and_ends_with_0_on_sigterm() -> None:
    command = [sys.executable, "-m", "gateway", "sandbox", "--port-base", "0", "--stores", "2", "--days", "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**PLAIN, "PYTHONUNBUFFERED": "1"})
    assert process.stdout is not None
    printed = ""
    while "GATEWAY_VENDORS__GUEST_WIFI__TOKEN" not in printed:
        printed += process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 0
    assert "GATEWAY_VENDORS__BESPOT__BASE_URL=http://127.0.0.1:" in printed
