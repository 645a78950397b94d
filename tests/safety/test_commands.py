"""`gateway keys`, `gateway explain` and `gateway doctor`, run as an operator runs them."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from gateway import runtime
from gateway.access.keys import parse_keys
from gateway.cli.doctor import weaknesses
from gateway.registry import vendors
from gateway.sandbox import host
from gateway.sandbox.faults import Fault
from gateway.sandbox.host import Hosted
from gateway.sandbox.world import World
from gateway.settings import Settings, load
from tests.safety.guarded import DAY

KEY = "0123456789abcdef" * 4


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    command = [sys.executable, "-m", "gateway", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**kept, **environment}, check=False)


# keys ----------------------------------------------------------------------------------------------------------------


def test_a_key_is_printed_once_and_its_hash_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    made = run(
        *("keys", "create", "dashboard", "--scope", "read", "--scope", "pii:read", "--site", "ath-116500"),
        *("--requests-per-minute", "60", "--expires", "2030-01-01", "--file", str(file)),
    )
    key = made.stdout.strip()
    assert made.returncode == 0
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", key)
    assert key not in file.read_text() + made.stderr
    assert file.stat().st_mode & 0o077 == 0
    entry = parse_keys(file.read_text())[0]
    assert (entry.name, sorted(entry.scopes), entry.sites) == ("dashboard", ["pii:read", "read"], ("ath-116500",))
    listed = run("keys", "list", "--file", str(file)).stdout
    assert listed == "dashboard\tpii:read read\tsites: ath-116500\t60 a minute\tuntil 2030-01-01T00:00:00+00:00\n"
    assert run("keys", "revoke", "dashboard", "--file", str(file)).returncode == 0
    assert run("keys", "list", "--file", str(file)).stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "a", "--scope", "everything"),
        ("create", "", "--scope", "read"),
        ("create", "a"),
        ("create", "a", "--scope", "read", "--expires", "tomorrow"),
        ("create", "a", "--scope", "read", "--requests-per-minute", "0"),
        ("revoke", "nobody"),
    ],
)
def test_bad_usage_is_status_2_without_a_traceback(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    file = tmp_path / "keys.toml"
    file.write_text("")
    made = run("keys", *arguments, "--file", str(file))
    assert (made.returncode, made.stdout, "Traceback" in made.stderr) == (2, "", False)


def test_without_a_file_named_anywhere_keys_are_status_2() -> None:
    made = run("keys", "list")
    assert (made.returncode, made.stderr) == (2, "gateway: GATEWAY_API_KEYS: required here, or --file\n")


# explain -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hosted() -> Iterator[Hosted]:
    played = host.start(World(seed=7, stores=4, days=10), [vendor.simulator for vendor in vendors()])
    yield played
    played.stop()


@pytest.fixture
def live(hosted: Hosted, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a gateway that takes the simulators for real vendors."""
    sites = tmp_path / "sites.toml"
    sites.write_text(hosted.world.crosswalk_toml())
    for vendor in hosted.vendors.values():
        vendor.faults.off()
        vendor.faults.forget()
    yield {"GATEWAY_SITES": str(sites), "GATEWAY_PSEUDONYM_KEY": KEY, **hosted.environment()}
    for vendor in hosted.vendors.values():
        vendor.faults.off()


def calls(hosted: Hosted) -> int:
    return sum(sum(vendor.faults.calls.values()) for vendor in hosted.vendors.values())


def test_an_operation_is_explained_without_asking_a_vendor(hosted: Hosted, live: dict[str, str]) -> None:
    query = f"query($n: Int) {{ sites(first: $n) {{ nodes {{ visits(window: {DAY}) {{ totals {{ net }} }} }} }} }}"
    made = run("explain", "--variables", '{"n": 2}', query, **live)
    told = orjson.loads(made.stdout)
    assert made.returncode == 0
    assert told["explain"]["plan"] == [
        {"path": "sites", "vendor": "OKUBE", "calls": 1, "shared": True},
        {"path": "sites.nodes.visits", "vendor": "BESPOT", "calls": 2, "shared": True},
    ]
    assert told["explain"]["upstreamCalls"] == {"BESPOT": 1, "OKUBE": 1}
    assert [(call["endpoint"], call["window"] is not None) for call in told["explain"]["calls"]] == [
        ("list_sites", False),
        ("visits", True),
    ]
    assert {part["state"] for part in told["explain"]["cached"]} == {"MISSING"}
    assert told["cost"]["upstreamCalls"] == told["explain"]["atMost"] == {"BESPOT": 2, "OKUBE": 1}
    assert calls(hosted) == 0


def test_an_operation_that_would_be_refused_is_explained_with_status_1(hosted: Hosted, live: dict[str, str]) -> None:
    page = "campaigns(first: 1000) { nodes { sites { %s } } }"
    made = run("explain", "{ " + page % (page % "key") + " }", **live)
    assert (made.returncode, orjson.loads(made.stdout)["errors"][0]["extensions"]["code"]) == (1, "QUERY_TOO_COMPLEX")
    assert calls(hosted) == 0


# doctor --------------------------------------------------------------------------------------------------------------


async def checked(environment: dict[str, str]) -> tuple[str, int]:
    """What the doctor finds, in this process."""
    return await runtime.check_vendors(load(None, environment))


def test_a_sound_gateway_is_found_sound(hosted: Hosted, live: dict[str, str]) -> None:
    made = run("doctor", **live)
    assert made.returncode == 0, made.stdout + made.stderr
    for folder in hosted.vendors:
        assert f"{folder}: sound" in made.stdout
    assert made.stdout.count("within 1 s of ours") == 4
    assert "GATEWAY_VENDORS__SHOPSTER: base URL set, TOKEN set" in made.stdout
    assert "GATEWAY_PSEUDONYM_KEY: set" in made.stdout
    assert "of 60 left, per 60 s" in made.stdout
    assert "4 sites in the crosswalk" in made.stdout
    assert "nobody may ask" in made.stdout
    secrets = [value for name, value in live.items() if re.search("PASSWORD|TOKEN|API_KEY|PSEUDONYM", name)]
    assert secrets
    assert [secret for secret in secrets if secret in made.stdout + made.stderr] == []


@pytest.mark.parametrize(
    ("vendor", "fault", "says"),
    [
        ("bespot", {"kind": "status", "status": 401}, "REFUSED the credentials (401): UPSTREAM_REJECTED"),
        ("okube", {"kind": "status", "status": 403}, "REFUSED the credentials (403): UPSTREAM_REJECTED"),
        ("shopster", {"kind": "reset"}, "FAILED UPSTREAM_UNAVAILABLE"),
        ("guest_wifi", {"kind": "html"}, "DRIFTED UPSTREAM_MALFORMED"),
        ("bespot", {"kind": "wrong_shape", "endpoint": "*dwelltime*"}, "DRIFTED UPSTREAM_MALFORMED"),
    ],
)
def test_a_vendor_that_is_not_well_is_named_with_status_1(
    hosted: Hosted, live: dict[str, str], vendor: str, fault: dict[str, object], says: str
) -> None:
    hosted.vendors[vendor].faults.on(Fault(**fault))  # type: ignore[arg-type]
    text, status = asyncio.run(checked(live))
    assert status == 1, text
    assert f"{vendor}: NOT sound" in text
    assert says in text


def test_a_drifted_member_is_named(hosted: Hosted, live: dict[str, str]) -> None:
    hosted.vendors["okube"].faults.on(Fault(kind="wrong_shape", endpoint="*campaigns*"))
    text, status = asyncio.run(checked(live))
    line = next(line for line in text.splitlines() if line.strip().startswith("campaigns"))
    assert re.search(r"DRIFTED UPSTREAM_MALFORMED: .*(\$|`)\S+", line), line
    assert status == 1


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"anonymous_scopes": "read,pii:read"}, "GATEWAY_ANONYMOUS_SCOPES: strangers have pii:read"),
        ({"pseudonym_key": "00" * 32}, "GATEWAY_PSEUDONYM_KEY: not random"),
        ({"cursor_keys": "short"}, "GATEWAY_CURSOR_KEYS: a key is shorter"),
        ({"cors_origins": "http://dashboard.example"}, "GATEWAY_CORS_ORIGINS: an origin is not https"),
        ({"trusted_proxies": "0.0.0.0/0"}, "GATEWAY_TRUSTED_PROXIES: everybody"),
        ({}, "GATEWAY_REQUESTS_PER_MINUTE"),
    ],
)
def test_weak_settings_are_named(settings: dict[str, str], says: str) -> None:
    loaded = Settings.model_validate({"sandbox": "none", "pseudonym_key": KEY, **settings})
    assert [line for line in weaknesses(loaded) if line.startswith(says)]


def test_a_keys_file_that_others_can_read_is_weak(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    assert run("keys", "create", "root", "--scope", "admin", "--file", str(file)).returncode == 0
    loaded = Settings.model_validate({"sandbox": "none", "pseudonym_key": KEY, "api_keys": file})
    assert [line for line in weaknesses(loaded) if line.startswith("GATEWAY_API_KEYS")] == [
        "GATEWAY_API_KEYS: key 'root' has strong scopes and never expires"
    ]
    file.chmod(0o644)
    assert any("chmod 600" in line for line in weaknesses(loaded))
