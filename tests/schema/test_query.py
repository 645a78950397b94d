"""Fields of Query over the first two vendors: what is found, counted, paged and left out."""

from __future__ import annotations

import pytest

from gateway.schema.node import encode
from tests.schema.running import Running

pytestmark = pytest.mark.anyio

DAY = 'window: {from: "2026-10-30T00:00:00Z", to: "2026-10-31T00:00:00Z"}'
ERMOU, TSIMISKI, CAFE = encode("Site", "ath-116500"), encode("Site", "skg-116501"), encode("Site", "mrs-vieux-port")


async def test_a_site_is_found_by_id_key_and_every_code(graph: Running) -> None:
    query = "query ($by: SiteBy!) { site(by: $by) { id key } }"
    for by in (
        {"id": ERMOU},
        {"key": "ath-116500"},
        {"code": {"vendor": "BESPOT", "code": "116500"}},
        {"code": {"vendor": "GUEST_WIFI", "code": "oWNe6XWDPLM"}},
        {"code": {"vendor": "SHOPSTER", "code": "1290"}},
        {"code": {"vendor": "OKUBE", "code": "5e1834b0e12d62a85b388a1b"}},
    ):
        assert await graph.data(query, {"by": by}) == {"site": {"id": ERMOU, "key": "ath-116500"}}


async def test_what_does_not_exist_is_null_and_codes_are_exact(graph: Running) -> None:
    query = "query ($by: SiteBy!) { site(by: $by) { key } }"
    for by in (
        {"id": "rubbish"},
        {"id": encode("Site", "unknown")},
        {"id": encode("Campaign", "ath-116500")},
        {"key": "ATH-116500"},
        {"code": {"vendor": "BESPOT", "code": "123"}},
        {"code": {"vendor": "GUEST_WIFI", "code": "owne6xwdplm"}},
        {"code": {"vendor": "BESPOT", "code": "999001"}},  # a store nobody claims
    ):
        answer = await graph.ask(query, {"by": by})
        assert (answer.data, answer.errors) == ({"site": None}, [])


async def test_node_and_nodes_answer_in_place(graph: Running) -> None:
    data = await graph.data(
        "query ($one: ID!, $many: [ID!]!) {"
        " node(id: $one) { __typename id } nodes(ids: $many) { ... on Site { key } } }",
        {"one": ERMOU, "many": [TSIMISKI, "rubbish", encode("Site", "unknown"), ERMOU]},
    )
    assert data["node"] == {"__typename": "Site", "id": ERMOU}
    assert data["nodes"] == [{"key": "skg-116501"}, None, None, {"key": "ath-116500"}]


async def test_sites_come_by_key_and_page_both_ways(graph: Running) -> None:
    whole = [
        edge["node"]["key"] for edge in (await graph.data("{ sites { edges { node { key } } } }"))["sites"]["edges"]
    ]
    assert whole == sorted(whole)
    assert len(whole) == 12
    keys, cursor = [], None
    while True:
        page = (
            await graph.data(
                "query ($after: String) { sites(first: 5, after: $after) { totalCount nodes { key } "
                "pageInfo { hasNextPage hasPreviousPage endCursor } } }",
                {"after": cursor},
            )
        )["sites"]
        assert page["totalCount"] == 12
        assert page["pageInfo"]["hasPreviousPage"] is (cursor is not None)
        keys += [node["key"] for node in page["nodes"]]
        cursor = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert keys == whole
    by_name = await graph.data("{ sites(orderBy: {field: NAME, direction: DESC}, last: 2) { nodes { name } } }")
    assert [node["name"] for node in by_name["sites"]["nodes"]] == ["Athens, Ermou", "Athens Airport, Arrivals"]


@pytest.mark.parametrize(
    ("filter", "keys"),
    [
        ('{keys: ["ath-116500", "unknown"]}', ["ath-116500"]),
        ("{keys: []}", []),
        ('{tags: ["travel", "test-lab"]}', ["ath-000000d", "ath-100000"]),
        ('{tags: ["unknown"]}', []),
        ('{search: "SOHO"}', ["nyc-300210"]),
        ('{search: "30021"}', ["nyc-300210", "nyc-300211"]),
        ('{search: "y1uio9"}', ["nyc-300210"]),
        ('{coveredBy: [GUEST_WIFI, BESPOT], tags: ["mall"]}', ["par-200111", "skg-116501"]),
        ('{coveredBy: [], keys: ["bos-300220"]}', ["bos-300220"]),
    ],
)
async def test_sites_are_filtered(graph: Running, filter: str, keys: list[str]) -> None:  # noqa: A002
    data = await graph.data(f"{{ sites(filter: {filter}) {{ totalCount nodes {{ key }} }} }}")
    assert [node["key"] for node in data["sites"]["nodes"]] == keys
    assert data["sites"]["totalCount"] == len(keys)


async def test_counts_come_per_site_and_leave_strays_out(graph: Running) -> None:
    data = await graph.data(
        "query ($sites: [ID!]) {"
        f" sessionCounts({DAY}, sites: $sites) {{ site {{ key }} count }}"
        ' guestSessionCounts(days: {from: "2026-10-30", to: "2026-10-30"}, sites: $sites) { site { key } count } }',
        {"sites": [TSIMISKI, CAFE]},
    )
    assert [line["site"]["key"] for line in data["sessionCounts"]] == ["skg-116501"]
    assert {line["site"]["key"] for line in data["guestSessionCounts"]} == {"skg-116501", "mrs-vieux-port"}
    sessions = await graph.data(
        f"query ($id: [ID!]) {{ sessions({DAY}, filter: {{sites: $id, vendors: [BESPOT]}}) {{ totalCount }} }}",
        {"id": [TSIMISKI]},
    )
    assert data["sessionCounts"][0]["count"] == sessions["sessions"]["totalCount"] > 0


async def test_distinct_users_of_a_site_of_two_stores_do_not_exist(graph: Running) -> None:
    answer = await graph.ask(
        f"query ($ids: [ID!]) {{ uniqueUserCounts({DAY}, sites: $ids) {{ site {{ key }} count }} "
        f'site(by: {{key: "skg-116501"}}) {{ uniqueUserCount({DAY}) sessionCount({DAY}) }} }}',
        {"ids": [TSIMISKI, ERMOU]},
    )
    assert answer.errors == []
    assert [line["site"]["key"] for line in answer.data["uniqueUserCounts"]] == ["ath-116500"]
    assert answer.data["site"]["uniqueUserCount"] is None
    assert answer.data["site"]["sessionCount"] > 0
    assert sorted((f["path"], f["code"], f["vendor"]) for f in answer.failures) == [
        (["site", "uniqueUserCount"], "NOT_ADDITIVE", "BESPOT"),
        (["uniqueUserCounts"], "NOT_ADDITIVE", "BESPOT"),
    ]


async def test_a_site_a_vendor_does_not_cover_has_empty_lists_and_null_figures(graph: Running) -> None:
    answer = await graph.ask(
        f'{{ site(by: {{key: "mrs-vieux-port"}}) {{ visits({DAY}) {{ totalCount nodes {{ entries }} totals {{ net }} '
        f"coverage {{ vendor state code }} }} occupancy({DAY}) {{ nodes {{ count }} coverage {{ state }} }} "
        f"sessionCount({DAY}) uniqueUserCount({DAY}) "
        f"sessions({DAY}) {{ nodes {{ vendor }} coverage {{ vendor state }} }} }} }}"
    )
    site = answer.data["site"]
    assert (answer.errors, answer.failures) == ([], [])
    assert site["visits"] == {
        "totalCount": 0,
        "nodes": [],
        "totals": {"net": 0},
        "coverage": [{"vendor": "BESPOT", "state": "NOT_COVERED", "code": None}],
    }
    assert site["occupancy"] == {"nodes": [], "coverage": [{"state": "NOT_COVERED"}]}
    assert (site["sessionCount"], site["uniqueUserCount"]) == (None, None)
    assert {row["vendor"] for row in site["sessions"]["nodes"]} == {"GUEST_WIFI"}
    assert {(c["vendor"], c["state"]) for c in site["sessions"]["coverage"]} == {
        ("BESPOT", "NOT_COVERED"),
        ("GUEST_WIFI", "COMPLETE"),
    }


async def test_leases_come_in_the_order_asked_null_where_unknown(graph: Running) -> None:
    now = await graph.data(
        '{ sessions(window: {from: "2026-11-01T00:00:00Z", to: "2026-11-03T00:00:00Z"}, '
        "filter: {vendors: [GUEST_WIFI], status: [OPEN]}) { nodes { ... on WifiSession { deviceIp } } } }"
    )
    address = now["sessions"]["nodes"][0]["deviceIp"]
    found = await graph.data(
        "query ($a: [String!]!) { guestsByIp(addresses: $a) { address username name email durationSeconds } }",
        {"a": ["10.9.9.9", address, "::1", address]},
    )
    leases = found["guestsByIp"]
    assert [lease and lease["address"] for lease in leases] == [None, address, None, address]
    assert leases[1] == leases[3]
    assert leases[1]["durationSeconds"] > 0


async def test_all_vendors_are_told_the_missing_ones_too(graph: Running) -> None:
    await graph.data(f"{{ sessionCounts({DAY}) {{ count }} }}")
    vendors = {
        line["key"]: line
        for line in (await graph.data("{ vendors { key state simulated unclaimedCodes } }"))["vendors"]
    }
    assert list(vendors) == ["BESPOT", "SHOPSTER", "OKUBE", "GUEST_WIFI"]
    assert vendors["BESPOT"]["state"] == "READY"
    assert vendors["OKUBE"]["state"] == "NOT_CONFIGURED"
    assert set(vendors["BESPOT"]["unclaimedCodes"]) == {"00009X", "999001"}


async def test_inside_a_site_the_filter_intersects(graph: Running) -> None:
    query = (
        f'query ($ids: [ID!]) {{ site(by: {{key: "ath-116500"}}) {{ sessions({DAY}, filter: {{sites: $ids}}) '
        "{ totalCount nodes { site { key } } } } }"
    )
    both = await graph.data(query, {"ids": [TSIMISKI, ERMOU]})
    alone = await graph.data(query, {"ids": [ERMOU]})
    other = await graph.data(query, {"ids": [TSIMISKI]})
    assert both == alone
    assert alone["site"]["sessions"]["nodes"]
    assert other["site"]["sessions"] == {"totalCount": 0, "nodes": []}


async def test_first_zero_is_an_empty_page_with_true_page_info(graph: Running) -> None:
    for field in (
        f"visits({DAY}, first: 0)",
        f"sessions({DAY}, first: 0)",
        f"occupancy({DAY}, last: 0)",
        "sites(first: 0)",
    ):
        page = (
            await graph.data(
                f"{{ x: {field} {{ nodes {{ __typename }} "
                "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
            )
        )["x"]
        assert page["nodes"] == []
        assert (page["pageInfo"]["startCursor"], page["pageInfo"]["endCursor"]) == (None, None)
        assert page["pageInfo"]["hasPreviousPage" if "last" in field else "hasNextPage"] is True
        assert page["pageInfo"]["hasNextPage" if "last" in field else "hasPreviousPage"] is False


async def test_sessions_newest_first_are_the_exact_reverse(graph: Running) -> None:
    query = f"query ($d: SortDirection!) {{ sessions({DAY}, direction: $d, first: 5000) {{ nodes {{ id }} }} }}"
    ascending = (await graph.data(query, {"d": "ASC"}))["sessions"]["nodes"]
    descending = (await graph.data(query, {"d": "DESC"}))["sessions"]["nodes"]
    assert len(ascending) > 100
    assert descending == ascending[::-1]


async def test_nothing_is_counted_or_fetched_that_nobody_selects(graph: Running) -> None:
    assert (await graph.ask("{ sites { nodes { key name timezone codes { code } } } }")).calls == {}
    one = 'site(by: {key: "ath-116500"})'
    assert (await graph.ask(f"{{ {one} {{ visits({DAY}, first: 5) {{ nodes {{ entries }} }} }} }}")).calls == {
        "BESPOT": 1
    }
    counted = await graph.ask(f"{{ {one} {{ sessionCount({DAY}) uniqueUserCount({DAY}) }} }}")
    assert counted.calls == {"BESPOT": 2}
