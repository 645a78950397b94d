"""A caller limited to some sites never learns of another: not by rows, ids, cursors, coverage, counts or errors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.schema.node import encode
from gateway.schema.rights import Rule
from tests.safety.guarded import DAY, DAYS, OWN, Gate
from tests.safety.test_rights import ARGUMENTS, roots

pytestmark = pytest.mark.anyio

WRITER = "limited writer"
SITE = (
    "{ id key name kind application active description tags timezone address coordinates { latitude longitude } "
    "openings createdAt updatedAt codes { vendor code } }"
)
COVERAGE = "coverage { vendor state code vendorCode sites { key } }"
PAGE = "pageInfo { hasNextPage startCursor endCursor }"
POINTS = "{ kpi scope entity site { key } total { json } points { index value { json } } }"

SELECTIONS = {
    "node": f"{{ id ... on Site {SITE} }}",
    "nodes": f"{{ id ... on Site {SITE} }}",
    "site": SITE,
    "sites": f"{{ totalCount {PAGE} nodes {SITE} {COVERAGE} }}",
    "sessions": f"{{ totalCount {PAGE} nodes {{ id device site {{ key }} }} {COVERAGE} }}",
    "visits": f"{{ totalCount {PAGE} totals {{ entries exits }} nodes {{ entries site {{ key }} }} {COVERAGE} }}",
    "occupancy": f"{{ totalCount {PAGE} nodes {{ count site {{ key }} }} {COVERAGE} }}",
    "sessionCounts": "{ count site { key } }",
    "uniqueUserCounts": "{ count site { key } }",
    "guestSessionCounts": "{ count site { key } }",
    "engagement": "{ object site { key } points { uniqueDevices } }",
    "applications": f"{{ totalCount {PAGE} nodes {{ id key name }} {COVERAGE} }}",
    "campaigns": f"{{ totalCount {PAGE} nodes {{ id key name sites {{ key }} }} {COVERAGE} }}",
    "studies": f"{{ totalCount {PAGE} nodes {{ id key name sites {{ key }} pointsOfInterest {{ id }} }} {COVERAGE} }}",
    "pointsOfInterest": f"{{ totalCount {PAGE} nodes {{ id }} {COVERAGE} }}",
    "guestsByIp": "{ address name }",
    "vendors": "{ key title simulated state quotas { name } lastFailureCode }",
    "geoMarketing": POINTS,
    "conversion": POINTS,
    "presence": POINTS,
    "viewer": "{ name scopes }",
}


def marks(gate: Gate) -> Iterator[str]:
    """What names another's site, in our words and in the vendors'."""
    for place in gate.world.everywhere:
        if place.key in OWN:
            continue
        yield from (place.key, place.name, encode("Site", place.key))
        yield from (f'"{code}"' for code in place.bespot)
        yield from (f'"{thing.id}"' for thing in place.shopster)
        if place.wifi:
            yield place.wifi
        if place.okube:
            yield from (place.okube.id, place.okube.key, *place.okube.keys, encode("Site", f"okube:{place.okube.id}"))


def foreign_campaigns(gate: Gate) -> list[str]:
    return [c.key for c in gate.world.campaigns if c.sites and not set(OWN) & set(c.sites)]


def asked(name: str) -> str:
    arguments = ARGUMENTS.get(f"Query.{name}", "")
    if name in ("geoMarketing", "conversion", "presence"):
        arguments = arguments[:-1] + ", scopes: [SITES])"
    if name == "campaigns":
        arguments = "(first: 100)"
    return f"{{ {name}{arguments} {SELECTIONS[name]} }}"


NAMES = sorted(each.split(".")[1] for each in (*roots(Rule.READ), *roots(Rule.PII), *roots(Rule.OPEN)))


@pytest.mark.parametrize("name", NAMES)
async def test_no_field_shows_a_limited_caller_anothers_site(gate: Gate, name: str) -> None:
    """The control: who sees everything is shown others' marks, so the search can find them."""
    limited = await gate.ask(asked(name), caller="limited")
    found = [mark for mark in marks(gate) if mark in limited.text]
    assert found == [], limited.text
    assert [key for key in foreign_campaigns(gate) if f'"{key}"' in limited.text] == []
    if name in ("sites", "campaigns", "studies", "visits", "sessionCounts", "guestSessionCounts", "presence"):
        every = await gate.ask(asked(name), caller="everything")
        assert [mark for mark in marks(gate) if mark in every.text], every.text


async def test_a_caller_of_no_site_sees_none(gate: Gate) -> None:
    for name in ("sites", "sessions", "visits", "occupancy", "sessionCounts"):
        answer = await gate.ask(asked(name), caller="nowhere")
        rows = answer.data[name]["nodes"] if isinstance(answer.data[name], dict) else answer.data[name]
        assert rows == [], answer.text
        assert [mark for mark in (*marks(gate), OWN[0]) if mark in answer.text] == []


async def test_anothers_site_and_one_that_never_was_are_told_alike(gate: Gate) -> None:
    foreign = next(place for place in gate.world.sites if place.key not in OWN)
    assert foreign.okube is not None
    pairs = [
        (f'node(id: "{encode("Site", foreign.key)}") {{ id }}', f'node(id: "{encode("Site", "never")}") {{ id }}'),
        (f'site(by: {{key: "{foreign.key}"}}) {{ key }}', 'site(by: {key: "never"}) { key }'),
        (
            f'site(by: {{code: {{vendor: BESPOT, code: "{foreign.bespot[0]}"}}}}) {{ key }}',
            'site(by: {code: {vendor: BESPOT, code: "never"}}) { key }',
        ),
        (
            f'site(by: {{code: {{vendor: OKUBE, code: "{foreign.okube.key}"}}}}) {{ key }}',
            'site(by: {code: {vendor: OKUBE, code: "never"}}) { key }',
        ),
        *(
            (
                f'{field}({when}, sites: ["{encode("Site", foreign.key)}"]) {{ __typename }}',
                f'{field}({when}, sites: ["{encode("Site", "never")}"]) {{ __typename }}',
            )
            for field, when in (
                ("visits", f"window: {DAY}"),
                ("occupancy", f"window: {DAY}"),
                ("sessionCounts", f"window: {DAY}"),
                ("uniqueUserCounts", f"window: {DAY}"),
                ("guestSessionCounts", f"days: {DAYS}"),
                ("engagement", f"days: {DAYS}"),
            )
        ),
        (
            f'campaigns(filter: {{sites: ["{encode("Site", foreign.key)}"]}}) {{ __typename }}',
            f'campaigns(filter: {{sites: ["{encode("Site", "never")}"]}}) {{ __typename }}',
        ),
        (
            f'sites(filter: {{keys: ["{foreign.key}"]}}) {{ totalCount nodes {{ key }} }}',
            'sites(filter: {keys: ["never"]}) { totalCount nodes { key } }',
        ),
        (
            f'sites(filter: {{search: "{foreign.name[:9]}"}}) {{ totalCount nodes {{ key }} }}',
            'sites(filter: {search: "never ever"}) { totalCount nodes { key } }',
        ),
    ]
    for theirs, nobodys in pairs:
        first = await gate.ask(f"{{ {theirs} }}", caller="limited")
        second = await gate.ask(f"{{ {nobodys} }}", caller="limited")
        told = [[(e["message"], e.get("path"), e["extensions"]) for e in each.errors] for each in (first, second)]
        assert (first.data, told[0]) == (second.data, told[1]), theirs


async def test_a_campaign_of_others_alone_is_no_node_of_his(gate: Gate) -> None:
    campaign = next(c for c in gate.world.campaigns if c.sites and not set(OWN) & set(c.sites))
    query = f'{{ node(id: "{encode("Campaign", f"okube:{campaign.id}")}") {{ id }} }}'
    assert (await gate.ask(query, caller="everything")).data["node"] is not None
    assert (await gate.ask(query, caller="limited")).data == {"node": None}


async def test_a_cursor_of_one_reach_is_none_of_anothers(gate: Gate) -> None:
    for field in (
        f"visits(window: {DAY}, first: 2",
        "campaigns(first: 2",
        "sites(first: 1",
        f"sessions(window: {DAY}, first: 2",
    ):
        page = await gate.ask(f"{{ {field}) {{ pageInfo {{ endCursor }} }} }}", caller="everything")
        cursor = next(iter(page.data.values()))["pageInfo"]["endCursor"]
        assert cursor
        answer = await gate.ask(f'{{ {field}, after: "{cursor}") {{ __typename }} }}', caller="limited")
        assert answer.codes == ["BAD_CURSOR"], field


@pytest.mark.parametrize("field", ["geoMarketing", "conversion", "presence"])
async def test_kpis_of_an_application_are_split_by_site_for_a_limited_caller(gate: Gate, field: str) -> None:
    arguments = ARGUMENTS[f"Query.{field}"]
    for more in ("", ", scopes: [GLOBAL]", ", scopes: [SITES, GLOBAL]", ', scopes: [SITES], filters: {a: "b"}'):
        answer = await gate.ask(f"{{ {field}{arguments[:-1]}{more}) {{ entity }} }}", caller="limited")
        assert (answer.codes, answer.data, answer.calls) == (["FORBIDDEN"], {field: None}, {}), more
    trimmed = await gate.ask(asked(field), caller="limited")
    assert {series["entity"] for series in trimmed.data[field]} <= set(OWN)


async def test_every_write_but_his_own_sites_is_refused_to_a_limited_caller(gate: Gate) -> None:
    foreign = next(place for place in gate.world.sites if place.key not in OWN)
    create = 'mutation { createSite(input: {name: "x"}) { userErrors { code } } }'
    answer = await gate.ask(create, caller=WRITER)
    assert (answer.codes, answer.calls) == (["FORBIDDEN"], {})
    told = []
    for key in (foreign.key, "never"):
        change = f'updateSite(input: {{id: "{encode("Site", key)}", floors: 2}})'
        told.append((await gate.ask(f"mutation {{ {change} {{ userErrors {{ code path }} }} }}", caller=WRITER)).data)
    assert told[0] == told[1]
    assert told[0]["updateSite"]["userErrors"][0]["code"] == "NOT_FOUND"


async def test_two_callers_of_equal_rights_are_told_their_own_names(gate: Gate) -> None:
    """Answers are shared by callers of equal rights: never this one."""
    for caller in ("reader", "hasty", "reader"):
        answer = await gate.ask("{ viewer { name } }", caller=caller)
        assert answer.data == {"viewer": {"name": caller}}
