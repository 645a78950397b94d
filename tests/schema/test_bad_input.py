"""What callers can get wrong: each refusal names its place, repeats no value and asks nobody."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.schema.node import encode
from tests.schema.running import Running, reader_of

pytestmark = pytest.mark.anyio

DAY = 'window: {from: "2026-10-30T00:00:00Z", to: "2026-10-31T00:00:00Z"}'
ERMOU, TSIMISKI, CAFE = encode("Site", "ath-116500"), encode("Site", "skg-116501"), encode("Site", "mrs-vieux-port")


@pytest.mark.parametrize(
    "address", ["count", "../count", "1.2.3.4,5.6.7.8", "1.2.3.4?x", "", "fe80::1%eth0", "1.2.3.256"]
)
async def test_what_is_no_address_never_reaches_the_vendor(graph: Running, address: str) -> None:
    answer = await graph.ask(
        "query ($a: [String!]!) { guestsByIp(addresses: $a) { address } }", {"a": ["10.0.0.1", address]}
    )
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.errors[0]["extensions"]["argument"] == ["addresses", 1]
    assert answer.calls == {}
    assert len(address) < 3 or address not in answer.errors[0]["message"]


@pytest.mark.parametrize(
    ("field", "argument"),
    [
        (f"visits({DAY}, first: 10001)", ["first"]),
        (f"visits({DAY}, last: -1)", ["last"]),
        (f"visits({DAY}, first: 1, last: 1)", ["last"]),
        (f"occupancy({DAY}, first: -1)", ["first"]),
        (f"sessions({DAY}, first: 10001)", ["first"]),
        ("sites(first: 1001)", ["first"]),
        ('visits(window: {from: "2026-10-30T00:00:00Z", to: "2026-10-30T00:00:00Z"})', ["window", "from"]),
        ('sessions(window: {from: "2026-10-31T00:00:00Z", to: "2026-10-30T00:00:00+02:00"})', ["window", "from"]),
        (f'visits({DAY}, sites: ["rubbish"])', ["sites", 0]),
        (f'occupancy({DAY}, sites: ["{ERMOU}", "{encode("Site", "unknown")}"])', ["sites", 1]),
        (f'sessions({DAY}, filter: {{sites: ["{encode("Campaign", "x")}"]}})', ["filter", "sites", 0]),
        (f'sessions({DAY}, filter: {{device: "rubbish"}})', ["filter", "device"]),
        (f'sessions({DAY}, filter: {{deviceMac: "rubbish"}})', ["filter", "deviceMac"]),
    ],
)
async def test_bad_input_names_the_argument_and_asks_nobody(graph: Running, field: str, argument: list[Any]) -> None:
    answer = await graph.ask(f"{{ {field} {{ totalCount }} }}")
    name = field.partition("(")[0]
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.errors[0]["path"] == [name]
    assert answer.errors[0]["extensions"]["argument"] == argument
    assert (answer.data, answer.calls) == ({name: None}, {})
    assert "rubbish" not in str(answer.errors)


@pytest.mark.parametrize("cursor", ["", "zzz", "AAAA", "é"])
@pytest.mark.parametrize(
    "field",
    [
        "sites(after: $c)",
        f"visits({DAY}, before: $c)",
        f"sessions({DAY}, after: $c)",
        f"occupancy({DAY}, granularity: DAY, after: $c)",
    ],
)
async def test_a_bad_cursor_is_said_with_its_path(graph: Running, field: str, cursor: str) -> None:
    answer = await graph.ask(f"query ($c: String) {{ {field} {{ totalCount }} }}", {"c": cursor})
    assert answer.codes == ["BAD_CURSOR"]
    assert answer.errors[0]["path"] == [field.partition("(")[0]]
    assert answer.calls == {}


async def test_a_cursor_of_one_field_window_filter_or_caller_is_no_cursor_of_another(graph: Running) -> None:
    data = await graph.data(f"{{ visits({DAY}, first: 1) {{ edges {{ cursor }} }} }}")
    cursor = {"c": data["visits"]["edges"][0]["cursor"]}
    other = 'window: {from: "2026-10-30T00:00:00Z", to: "2026-10-31T00:00:01Z"}'
    for field in (
        f"occupancy({DAY}, after: $c)",
        f"visits({other}, after: $c)",
        f"visits({DAY}, granularity: HOUR, after: $c)",
        f'visits({DAY}, sites: ["{ERMOU}"], after: $c)',
        f"sessions({DAY}, after: $c)",
        "sites(after: $c)",
    ):
        answer = await graph.ask(f"query ($c: String) {{ {field} {{ nodes {{ __typename }} }} }}", cursor)
        assert answer.codes == ["BAD_CURSOR"], field
    mine = f"query ($c: String) {{ visits({DAY}, first: 9, after: $c) {{ nodes {{ entries }} }} }}"
    assert (await graph.ask(mine, cursor)).errors == []
    assert (await graph.ask(mine, cursor, reader_of("ath-116500"))).codes == ["BAD_CURSOR"]


async def test_lists_of_more_than_a_thousand_members_are_refused(graph: Running) -> None:
    many = [ERMOU] * 1001
    for query in (
        "query ($m: [ID!]!) { nodes(ids: $m) { id } }",
        f"query ($m: [ID!]!) {{ visits({DAY}, sites: $m) {{ totalCount }} }}",
        f"query ($m: [ID!]!) {{ sessions({DAY}, filter: {{sites: $m}}) {{ totalCount }} }}",
        "query ($m: [String!]!) { sites(filter: {keys: $m}) { totalCount } }",
        "query ($m: [String!]!) { guestsByIp(addresses: $m) { name } }",
    ):
        answer = await graph.ask(query, {"m": many})
        assert answer.codes == ["BAD_USER_INPUT"], query
        assert answer.calls == {}
