"""Who may see what: masked identifiers, filters on them, callers limited to some sites."""

from __future__ import annotations

import pytest

from gateway.access.scopes import Scope
from gateway.schema.node import encode
from tests.schema.running import READER, STRANGER, Running, reader_of

pytestmark = pytest.mark.anyio

DAY = 'window: {from: "2026-10-30T00:00:00Z", to: "2026-10-31T00:00:00Z"}'
ERMOU, TSIMISKI, CAFE = encode("Site", "ath-116500"), encode("Site", "skg-116501"), encode("Site", "mrs-vieux-port")


async def test_viewer_and_typename_need_no_scope_and_all_else_does(graph: Running) -> None:
    answer = await graph.ask("{ __typename viewer { name scopes } }", caller=STRANGER)
    assert answer.data == {"__typename": "Query", "viewer": {"name": "anonymous", "scopes": []}}
    for field in (
        "sites { totalCount }",
        f"sessions({DAY}) {{ totalCount }}",
        f"visits({DAY}) {{ totalCount }}",
        'node(id: "x") { id }',
        'site(by: {key: "x"}) { key }',
        f"sessionCounts({DAY}) {{ count }}",
    ):
        answer = await graph.ask(f"{{ {field} }}", caller=STRANGER)
        assert answer.codes == ["UNAUTHENTICATED"], field
        assert list(answer.data.values()) == [None]
        assert answer.calls == {}
    for field in ("vendors { key }", 'nodes(ids: ["x"]) { id }', 'guestsByIp(addresses: ["10.0.0.1"]) { name }'):
        answer = await graph.ask(f"{{ {field} }}", caller=STRANGER)
        assert (answer.codes, answer.data, answer.calls) == (["UNAUTHENTICATED"], None, {}), field


MASKED = (
    "{ sessions(" + DAY + ", first: 30) { nodes { __typename device id "
    "... on AppSession { deviceId userId alternateUserId } "
    "... on WifiSession { deviceMac deviceIp guestId yasId } } } }"
)


async def test_masked_fields_are_null_with_one_error_per_selection(graph: Running) -> None:
    answer = await graph.ask(MASKED, caller=READER)
    nodes = answer.data["sessions"]["nodes"]
    apps = sum(node["__typename"] == "AppSession" for node in nodes)
    wifis = len(nodes) - apps
    assert apps > 1
    assert wifis > 1
    for node in nodes:
        assert node["device"]
        assert all(value is None for name, value in node.items() if name not in ("__typename", "device", "id"))
    assert {
        (error["path"][-1], error["extensions"]["code"], error["extensions"]["count"]) for error in answer.errors
    } == {
        *((name, "FORBIDDEN", apps) for name in ("deviceId", "userId", "alternateUserId")),
        *((name, "FORBIDDEN", wifis) for name in ("deviceMac", "deviceIp", "guestId", "yasId")),
    }
    first = next(index for index, node in enumerate(nodes) if node["__typename"] == "AppSession")
    assert next(e["path"] for e in answer.errors if e["path"][-1] == "deviceId") == [
        "sessions",
        "nodes",
        first,
        "deviceId",
    ]


async def test_with_the_scope_the_identifiers_are_there_and_pseudonyms_are_not_them(graph: Running) -> None:
    data = await graph.data(MASKED)
    app = next(node for node in data["sessions"]["nodes"] if node["__typename"] == "AppSession")
    assert app["deviceId"]
    assert app["deviceId"] not in app["device"] + app["id"]


async def test_a_filter_on_a_pseudonym_finds_the_devices_own_sessions(graph: Running) -> None:
    data = await graph.data(MASKED)
    for kind, raw in (("AppSession", "deviceId"), ("WifiSession", "deviceMac")):
        node = next(node for node in data["sessions"]["nodes"] if node["__typename"] == kind)
        query = f"query ($f: SessionFilter) {{ sessions({DAY}, filter: $f) {{ nodes {{ id device }} }} }}"
        by_pseudonym = await graph.data(query, {"f": {"device": node["device"]}}, READER)
        assert node["id"] in [found["id"] for found in by_pseudonym["sessions"]["nodes"]]
        assert {found["device"] for found in by_pseudonym["sessions"]["nodes"]} == {node["device"]}
        assert await graph.data(query, {"f": {raw: node[raw]}}) == by_pseudonym
        if raw == "deviceMac":
            assert await graph.data(query, {"f": {raw: node[raw].upper().replace(":", "-")}}) == by_pseudonym


@pytest.mark.parametrize("member", ["deviceId", "guestId", "deviceMac", "yasId"])
async def test_filters_on_raw_identifiers_need_the_scope_and_a_body(graph: Running, member: str) -> None:
    query = f"query ($f: SessionFilter) {{ sessions({DAY}, filter: $f) {{ nodes {{ id }} }} }}"
    value = "00:11:22:33:44:55"
    answer = await graph.ask(query, {"f": {member: value}}, READER)
    assert (answer.codes, answer.data, answer.calls) == (["FORBIDDEN"], {"sessions": None}, {})
    answer = await graph.ask(query, {"f": {member: value}}, by_get=True)
    assert (answer.codes, answer.calls) == (["BAD_USER_INPUT"], {})
    assert value not in str(answer.errors)


async def test_leases_are_not_told_over_get_nor_without_the_scope(graph: Running) -> None:
    query = '{ guestsByIp(addresses: ["10.0.0.1"]) { name } }'
    answer = await graph.ask(query, by_get=True)
    assert (answer.codes, answer.calls) == (["BAD_USER_INPUT"], {})
    answer = await graph.ask(query, caller=READER)
    assert (answer.codes, answer.calls) == (["FORBIDDEN"], {})


async def test_a_limited_caller_never_sees_anything_of_another_site(graph: Running) -> None:
    caller = reader_of("ath-116500", tags=["travel"], scopes=frozenset(Scope) - {Scope.ADMIN})
    mine = {"ath-116500", "ath-100000"}
    answer = await graph.ask(
        f"""query ($id: ID!, $ids: [ID!]!) {{
          sites {{ totalCount nodes {{ key }} }}
          sessions({DAY}, first: 500) {{ nodes {{ site {{ key }} }} coverage {{ sites {{ key }} }} }}
          visits({DAY}, granularity: DAY) {{ totalCount nodes {{ site {{ key }} }} totals {{ entries }}
            coverage {{ sites {{ key }} }} }}
          occupancy({DAY}, granularity: DAY) {{ nodes {{ site {{ key }} }} }}
          sessionCounts({DAY}) {{ site {{ key }} }}
          uniqueUserCounts({DAY}) {{ site {{ key }} }}
          guestSessionCounts(days: {{from: "2026-10-30", to: "2026-10-30"}}) {{ site {{ key }} }}
          node(id: $id) {{ id }} nodes(ids: $ids) {{ id }}
          byKey: site(by: {{key: "skg-116501"}}) {{ key }}
          byCode: site(by: {{code: {{vendor: BESPOT, code: "116501"}}}}) {{ key }}
        }}""",
        {"id": TSIMISKI, "ids": [TSIMISKI, ERMOU]},
        caller,
    )
    assert answer.errors == []
    data = answer.data
    assert {node["key"] for node in data["sites"]["nodes"]} == mine
    assert data["sites"]["totalCount"] == 2
    assert {row["site"]["key"] for row in data["sessions"]["nodes"]} == mine
    assert {row["site"]["key"] for row in data["visits"]["nodes"]} == mine
    assert {row["site"]["key"] for row in data["occupancy"]["nodes"]} == mine
    for name in ("sessionCounts", "uniqueUserCounts", "guestSessionCounts"):
        assert {line["site"]["key"] for line in data[name]} == mine
    assert (data["node"], data["nodes"], data["byKey"], data["byCode"]) == (None, [None, {"id": ERMOU}], None, None)
    every = await graph.data(
        f"query ($ids: [ID!]) {{ visits({DAY}, granularity: DAY, sites: $ids) {{ totals {{ entries }} }} }}",
        {"ids": [ERMOU, encode("Site", "ath-100000")]},
    )
    assert data["visits"]["totals"] == every["visits"]["totals"]


async def test_anothers_site_and_an_unknown_one_are_refused_in_the_same_words(graph: Running) -> None:
    caller = reader_of("ath-116500")
    for field in (
        f"visits({DAY}, sites: [$id])",
        f"sessions({DAY}, filter: {{sites: [$id]}})",
        f"occupancy({DAY}, sites: [$id])",
    ):
        query = f"query ($id: ID!) {{ {field} {{ totalCount }} }}"
        told = [await graph.ask(query, {"id": id_}, caller) for id_ in (TSIMISKI, encode("Site", "unknown"), "rubbish")]
        assert told[0].codes == ["BAD_USER_INPUT"]
        assert told[0].errors == told[1].errors == told[2].errors
        assert [one.calls for one in told] == [{}, {}, {}]


async def test_a_limited_caller_is_not_told_who_holds_an_address_nor_codes_nobody_claims(graph: Running) -> None:
    caller = reader_of("ath-116500", scopes=frozenset(Scope))
    answer = await graph.ask('{ guestsByIp(addresses: ["172.31.98.1"]) { name } }', caller=caller)
    assert (answer.codes, answer.data, answer.calls) == (["FORBIDDEN"], None, {})
    answer = await graph.ask("{ vendors { key unclaimedCodes } }", caller=caller)
    assert answer.codes == ["FORBIDDEN"]
    assert all(line["unclaimedCodes"] == [] for line in answer.data["vendors"])


async def test_a_caller_limited_to_no_site_sees_none(graph: Running) -> None:
    answer = await graph.ask(
        f"{{ sites {{ totalCount }} visits({DAY}) {{ nodes {{ entries }} }} "
        f"sessions({DAY}) {{ nodes {{ id }} }} sessionCounts({DAY}) {{ count }} }}",
        caller=reader_of(),
    )
    assert answer.errors == []
    assert answer.data == {
        "sites": {"totalCount": 0},
        "visits": {"nodes": []},
        "sessions": {"nodes": []},
        "sessionCounts": [],
    }
    assert answer.calls == {}
