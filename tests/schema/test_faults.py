"""A vendor that misbehaves in every way, end to end: the right code, never empty data, the other vendor intact."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.sandbox.faults import Fault
from gateway.sandbox.world import World
from tests.sandbox.hands import Hands
from tests.schema.running import Running, running

pytestmark = pytest.mark.anyio

DAY = 'window: {from: "2026-10-30T00:00:00Z", to: "2026-10-31T00:00:00Z"}'
SESSIONS = (
    "{ sessions(" + DAY + ", first: 400) { totalCount nodes { id vendor } coverage { vendor state code retryAfter } } }"
)
FOOTFALL = (
    f"{{ visits({DAY}) {{ nodes {{ entries }} totals {{ entries }} }} occupancy({DAY}) {{ nodes {{ count }} }} "
    f"days: visits({DAY}, granularity: DAY) {{ nodes {{ entries }} }} sessionCounts({DAY}) {{ count }} "
    f'site(by: {{key: "ath-116500"}}) {{ sessionCount({DAY}) visits({DAY}) {{ nodes {{ entries }} }} }} }}'
)
FAULTS = [
    (Fault(kind="status", status=401), "UPSTREAM_REJECTED"),
    (Fault(kind="status", status=403, body="<h1>no</h1>"), "UPSTREAM_REJECTED"),
    (Fault(kind="status", status=418), "UPSTREAM_REJECTED"),
    (Fault(kind="status", status=429, headers={"retry-after": "3600"}), "UPSTREAM_THROTTLED"),
    (Fault(kind="status", status=503), "UPSTREAM_UNAVAILABLE"),
    (Fault(kind="status", status=500, body="not json"), "UPSTREAM_UNAVAILABLE"),
    (Fault(kind="reset"), "UPSTREAM_UNAVAILABLE"),
    (Fault(kind="redirect"), "UPSTREAM_REJECTED"),
    (Fault(kind="html"), "UPSTREAM_MALFORMED"),
    (Fault(kind="malformed"), "UPSTREAM_MALFORMED"),
    (Fault(kind="truncated"), "UPSTREAM_MALFORMED"),
    (Fault(kind="empty"), "UPSTREAM_MALFORMED"),
    (Fault(kind="wrong_shape"), "UPSTREAM_MALFORMED"),
    (Fault(kind="error_body"), "UPSTREAM_MALFORMED"),
    (Fault(kind="hang"), "UPSTREAM_TIMEOUT"),
    (Fault(kind="drip", seconds=0.05), "UPSTREAM_TIMEOUT"),
]
EACH = pytest.mark.parametrize(
    ("fault", "code"),
    FAULTS,
    ids=[f"{fault.kind}-{fault.status if fault.kind == 'status' else ''}" for fault, _ in FAULTS],
)


@pytest.fixture(scope="module")
async def world() -> World:
    """Its days are drawn, so that a short timeout is long enough for a vendor that is well."""
    world = World(days=5, clock=Hands())
    async with running(world=world) as graph:
        await graph.data(SESSIONS)
        await graph.data(FOOTFALL)
    return world


@pytest.fixture
async def graph(world: World) -> AsyncIterator[Running]:
    short = {"timeout": 0.8}
    async with running(sections={"bespot": short, "guest_wifi": short}, world=world) as gateway:
        yield gateway


def rows_of(answer: Any, vendor: str) -> list[str]:
    return [node["id"] for node in answer.data["sessions"]["nodes"] if node["vendor"] == vendor]


@EACH
@pytest.mark.parametrize(("broken", "whole"), [("guest_wifi", "bespot"), ("bespot", "guest_wifi")])
async def test_merged_sessions_keep_the_other_vendors_rows(
    graph: Running, fault: Fault, code: str, broken: str, whole: str
) -> None:
    healthy = await graph.ask(SESSIONS)
    assert healthy.failures == []
    graph.faults(broken).on(fault)
    answer = await graph.ask(SESSIONS)
    assert answer.errors == []
    assert answer.data["sessions"]["totalCount"] is None
    assert rows_of(answer, broken.upper()) == []
    kept = rows_of(healthy, whole.upper())
    assert kept
    assert rows_of(answer, whole.upper())[: len(kept)] == kept
    (failure,) = answer.failures
    assert (failure["path"], failure["vendor"], failure["code"]) == (["sessions"], broken.upper(), code)
    assert failure["retryable"] is (code in ("UPSTREAM_THROTTLED", "UPSTREAM_UNAVAILABLE", "UPSTREAM_TIMEOUT"))
    line = next(line for line in answer.data["sessions"]["coverage"] if line["code"])
    assert (line["vendor"], line["state"], line["code"]) == (broken.upper(), "FAILED", code)
    assert failure["retryAfter"] == line["retryAfter"]


@EACH
async def test_fields_of_one_vendor_are_null_with_its_code_and_never_empty(
    graph: Running, fault: Fault, code: str
) -> None:
    graph.faults("bespot").on(fault)
    answer = await graph.ask(FOOTFALL)
    expected = {"visits", "occupancy", "days", "sessionCounts", "site.sessionCount", "site.visits"}
    assert {".".join(error["path"]) for error in answer.errors} == expected
    met = {error["extensions"]["code"] for error in answer.errors}
    assert met <= {code, "UPSTREAM_UNAVAILABLE"}  # so many failures in a row may open the breaker
    assert code in met
    assert {error["extensions"]["vendor"] for error in answer.errors} == {"BESPOT"}
    assert answer.data["site"] == {"sessionCount": None, "visits": None}
    assert all(answer.data[name] is None for name in ("visits", "occupancy", "days", "sessionCounts"))


async def test_a_failure_midway_leaves_what_was_read(graph: Running) -> None:
    whole = await graph.ask(SESSIONS.replace("first: 400", "first: 5000").replace("10-30T", "10-29T"))
    graph.faults("guest_wifi").on(Fault(kind="html", skip=len(rows_of(whole, "GUEST_WIFI")) // 100 + 1))
    answer = await graph.ask(SESSIONS.replace("first: 400", "first: 5000").replace("10-30T", "10-29T"))
    assert answer.errors == []
    assert rows_of(answer, "BESPOT") == rows_of(whole, "BESPOT")
    states = {
        line["vendor"]: line["state"] for line in answer.data["sessions"]["coverage"] if line["state"] != "NOT_COVERED"
    }
    assert states["GUEST_WIFI"] in ("PARTIAL", "FAILED")
    kept = rows_of(answer, "GUEST_WIFI")
    assert kept == rows_of(whole, "GUEST_WIFI")[: len(kept)]
    assert (states["GUEST_WIFI"] == "PARTIAL") is bool(kept)


async def test_all_vendors_down_is_null_with_one_error(graph: Running) -> None:
    for vendor in ("bespot", "guest_wifi"):
        graph.faults(vendor).on(Fault(kind="status", status=401))
    answer = await graph.ask(SESSIONS)
    assert (answer.data, answer.codes, answer.failures) == ({"sessions": None}, ["UPSTREAM_REJECTED"], [])


async def test_a_vendor_that_recovers_answers_again_and_the_failure_is_not_kept(graph: Running) -> None:
    graph.faults("guest_wifi").on(Fault(kind="html", times=1))
    assert (await graph.ask(SESSIONS)).failures != []
    answer = await graph.ask(SESSIONS)
    assert (answer.failures, answer.errors) == ([], [])
    assert rows_of(answer, "GUEST_WIFI")


async def test_a_join_tells_a_dead_vendor_once_for_all_its_sites_and_not_of_uncovered_ones(graph: Running) -> None:
    graph.faults("bespot").on(Fault(kind="status", status=401))
    answer = await graph.ask(
        f"{{ sites {{ nodes {{ key sessionCount({DAY}) visits({DAY}) {{ nodes {{ entries }} "
        "coverage { state } } } } }"
    )
    assert sorted((e["path"][-1], e["extensions"]["code"], e["extensions"]["count"]) for e in answer.errors) == [
        ("sessionCount", "UPSTREAM_REJECTED", 11),
        ("visits", "UPSTREAM_REJECTED", 11),
    ]
    cafe = next(node for node in answer.data["sites"]["nodes"] if node["key"] == "mrs-vieux-port")
    assert cafe["visits"] == {"nodes": [], "coverage": [{"state": "NOT_COVERED"}]}
    assert cafe["sessionCount"] is None


async def test_the_five_outcomes_are_told_apart() -> None:
    async with running("bespot", days=5) as graph:
        data = await graph.ask(
            f'{{ some: site(by: {{key: "ath-116500"}}) {{ visits({DAY}) '
            "{ nodes { entries } coverage { state code } } } "
            'none: site(by: {key: "ath-116500"}) { visits(window: {from: "2026-11-01T00:00:00Z", '
            'to: "2026-11-01T01:00:00Z"}) { nodes { entries } coverage { state code } } } '
            f'uncovered: site(by: {{key: "mrs-vieux-port"}}) {{ visits({DAY}) '
            "{ nodes { entries } coverage { state code } } } "
            'missing: guestSessionCounts(days: {from: "2026-10-30", to: "2026-10-30"}) { count } }'
        )
        assert data.data["some"]["visits"]["nodes"]
        assert data.data["some"]["visits"]["coverage"] == [{"state": "COMPLETE", "code": None}]
        assert data.data["none"]["visits"] == {"nodes": [], "coverage": [{"state": "COMPLETE", "code": None}]}
        assert data.data["uncovered"]["visits"] == {"nodes": [], "coverage": [{"state": "NOT_COVERED", "code": None}]}
        assert data.data["missing"] is None
        assert [(e["path"], e["extensions"]["code"], e["extensions"]["vendor"]) for e in data.errors] == [
            (["missing"], "VENDOR_NOT_CONFIGURED", "GUEST_WIFI")
        ]
        graph.faults("bespot").on(Fault(kind="html"))
        failed = await graph.ask(f"{{ visits({DAY}) {{ nodes {{ entries }} }} }}")
        assert (failed.data, failed.codes) == ({"visits": None}, ["UPSTREAM_MALFORMED"])


async def test_a_vendor_that_is_not_configured_leaves_the_rest(graph: Running) -> None:
    async with running("guest_wifi", days=5) as alone:
        answer = await alone.ask(
            f"{{ sessions({DAY}) {{ nodes {{ vendor }} coverage {{ vendor state code }} }} "
            f"visits({DAY}) {{ totalCount }} }}"
        )
        assert {node["vendor"] for node in answer.data["sessions"]["nodes"]} == {"GUEST_WIFI"}
        assert {"vendor": "BESPOT", "state": "NOT_COVERED", "code": "VENDOR_NOT_CONFIGURED"} in answer.data["sessions"][
            "coverage"
        ]
        assert [(f["path"], f["vendor"], f["code"]) for f in answer.failures] == [
            (["sessions"], "BESPOT", "VENDOR_NOT_CONFIGURED")
        ]
        assert (answer.data["visits"], answer.codes) == (None, ["VENDOR_NOT_CONFIGURED"])


async def test_a_claimed_store_the_vendor_does_not_know_is_named() -> None:
    sites = '[[site]]\nkey = "gone"\ntimezone = "Europe/Athens"\nbespot = ["424242"]\n'
    async with running(sites=sites, days=5) as graph:
        answer = await graph.ask(
            f'{{ site(by: {{key: "gone"}}) {{ sessionCount({DAY}) uniqueUserCount({DAY}) '
            f"visits({DAY}, granularity: HOUR) {{ nodes {{ entries }} totalCount "
            "coverage { state code vendorCode } } "
            f"occupancy({DAY}) {{ nodes {{ count }} coverage {{ state vendorCode }} }} "
            f"sessions({DAY}) {{ nodes {{ id }} coverage {{ vendor state vendorCode }} }} }} "
            f"sessionCounts({DAY}) {{ count }} }}"
        )
        assert answer.errors == []
        site = answer.data["site"]
        assert (site["sessionCount"], site["uniqueUserCount"]) == (None, None)
        refused = {"state": "FAILED", "vendorCode": "store_code_not_found"}
        assert site["visits"]["nodes"] == site["occupancy"]["nodes"] == site["sessions"]["nodes"] == []
        assert site["visits"]["coverage"] == [{**refused, "code": "UPSTREAM_REJECTED"}]
        assert site["occupancy"]["coverage"] == [refused]
        assert {"vendor": "BESPOT", **refused} in site["sessions"]["coverage"]
        assert answer.data["sessionCounts"] == []
        assert {(f["code"], f["vendorCode"], f["vendorStatus"]) for f in answer.failures} == {
            ("UPSTREAM_REJECTED", "store_code_not_found", 404)
        }
        assert len(answer.failures) == 6
