"""The gateway as a federation subgraph: entities by key, as `node` has them, for as little as a page costs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.access.principal import Principal
from gateway.access.scopes import Scope
from gateway.execution.documents import core
from gateway.runtime import print_schema
from gateway.schema import build
from gateway.schema.entities import KEYS
from gateway.schema.node import encode
from gateway.schema.rights import fields_of, uncovered
from tests.docs.pages import ROOT, fenced
from tests.docs.pages import text as page
from tests.schema.routers import ENTITIES, KNOWN_FIELDS, LISTS, entities, listed, of_ids, told
from tests.schema.running import OPERATOR, READER, STRANGER, Running, reader_of, running

pytestmark = pytest.mark.anyio

NODE = f"query ($id: ID!) {{ node(id: $id) {{ __typename {KNOWN_FIELDS} }} }}"
NODES = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ __typename {KNOWN_FIELDS} }} }}"
DAY = 'window: {from: "2026-10-30T00:00:00Z", to: "2026-10-31T00:00:00Z"}'
LIMITED = reader_of("ath-116500")


@pytest.fixture(scope="module")
async def graph() -> AsyncIterator[Running]:
    async with running("bespot", "okube", subgraph=True) as gateway:
        yield gateway


# what is found ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KEYS)
async def test_every_entity_is_found_by_its_id_in_the_order_asked(graph: Running, kind: str) -> None:
    rows = (await listed(graph, kind))[::-1]
    assert len(rows) > 2
    assert await entities(graph, of_ids(kind, rows)) == [told(kind, row) for row in rows]


async def test_a_site_is_found_by_its_key_as_well(graph: Running) -> None:
    rows = await listed(graph, "Site")
    assert {row["key"].startswith("okube:") for row in rows} == {True, False}
    found = await entities(graph, [{"__typename": "Site", "key": row["key"]} for row in rows])
    assert found == [told("Site", row) for row in rows]


async def pool(graph: Running) -> list[str]:
    """Ids of every sort: of things, of things by another of their names, and of nothing."""
    ids: list[str] = []
    for kind in KEYS:
        for row in (await listed(graph, kind))[-6:]:
            ids += [row["id"], encode(kind, f"okube:{row['key']}"), row["id"] + "=", row["id"].swapcase()]
            ids += [encode(other, row["key"]) for other in KEYS]
    for place in graph.world.sites:
        if place.okube is not None:
            names = (place.okube.id, place.okube.id.upper(), place.okube.key or "", *place.okube.keys)
            ids += [encode("Site", f"okube:{name}") for name in names]
    application = await graph.data("{ applications { nodes { id } } }")
    ids += [row["id"] for row in application["applications"]["nodes"]]
    ids += ["", " ", "x", "é", "\ud800", "a" * 2000, encode("Session", "1"), encode("Site", ""), encode("Nope", "x")]
    return ids


@pytest.fixture(scope="module")
async def ids(graph: Running) -> list[str]:
    return await pool(graph)


_ALONE: dict[tuple[str, str], Any] = {}
"""What `node` told of each id, by caller."""


async def by_node(graph: Running, text: str, caller: Principal) -> Any:
    key = (caller.label, text)
    if key not in _ALONE:
        _ALONE[key] = (await graph.data(NODE, {"id": text}, caller))["node"]
    return _ALONE[key]


KINDS = st.sampled_from([*KEYS])
RUBBISH = st.text(max_size=40) | st.builds(lambda kind, key: encode(kind, f"okube:{key}"), KINDS, st.text(max_size=9))
ASKED = st.lists(st.tuples(KINDS, st.integers(0, 999) | RUBBISH), max_size=25)
"""Types and ids: texts, or places in the pool."""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=ASKED)
async def test_node_nodes_and_entities_agree_whatever_is_asked_together(
    graph: Running, ids: list[str], drawn: list[tuple[str, int | str]]
) -> None:
    asked = [(kind, ids[what % len(ids)] if isinstance(what, int) else what) for kind, what in drawn]
    for caller in (OPERATOR, LIMITED):
        expected = [await by_node(graph, text, caller) for _, text in asked]
        nodes = (await graph.data(NODES, {"ids": [text for _, text in asked]}, caller))["nodes"]
        assert nodes == expected
        found = await entities(graph, [{"__typename": kind, "id": text} for kind, text in asked], caller)
        assert found == [
            thing if thing and thing["__typename"] == kind else None
            for (kind, _), thing in zip(asked, expected, strict=True)
        ]


# rights -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KEYS)
async def test_what_is_not_the_callers_is_null_like_what_does_not_exist(graph: Running, kind: str) -> None:
    rows = await listed(graph, kind)
    unknown = [{"__typename": kind, "id": encode(kind, "okube:5e1834b0e12d62a85b380000")}]
    answer = await graph.ask(ENTITIES, {"of": [*of_ids(kind, rows), *unknown]}, LIMITED)
    assert answer.errors == []
    seen = (await graph.data(f"{{ {LISTS[kind]}(first: 1000) {{ nodes {{ id }} }} }}", None, LIMITED))[LISTS[kind]]
    mine = {row["id"] for row in seen["nodes"]}
    assert [found and found["id"] for found in answer.data["_entities"]] == [
        *(row["id"] if row["id"] in mine else None for row in rows),
        None,
    ]
    assert len(mine) == len(rows) or kind != "PointOfInterest"


async def test_by_key_another_callers_site_is_null_too(graph: Running) -> None:
    keys = ["ath-116500", "skg-116501", "nowhere", "okube:5e1834b0e12d62a85b389f01"]
    found = await entities(graph, [{"__typename": "Site", "key": key} for key in keys], LIMITED)
    assert [thing and thing["key"] for thing in found] == ["ath-116500", None, None, None]


async def test_masked_fields_stay_masked_behind_an_entity(graph: Running) -> None:
    query = f"""query ($of: [_Any!]!) {{ _entities(representations: $of) {{ ... on Site {{
      sessions({DAY}, first: 5) {{ nodes {{ device ... on AppSession {{ deviceId }} }} }} }} }} }}"""
    of = [{"__typename": "Site", "key": "ath-116500"}]
    answer = await graph.ask(query, {"of": of}, READER)
    (site,) = answer.data["_entities"]
    assert {row["deviceId"] for row in site["sessions"]["nodes"]} == {None}
    assert answer.codes == ["FORBIDDEN"]
    assert answer.errors[0]["path"] == ["_entities", 0, "sessions", "nodes", 0, "deviceId"]


async def test_the_routers_fields_need_the_scope_read(graph: Running) -> None:
    writer = reader_of(scopes=frozenset({Scope.WRITE}))
    for caller, code in ((STRANGER, "UNAUTHENTICATED"), (writer, "FORBIDDEN")):
        for query in (ENTITIES, "{ _service { sdl } }"):
            answer = await graph.ask(query, {"of": []} if query == ENTITIES else None, caller)
            assert (answer.codes, answer.data, answer.calls) == ([code], None, {})


def test_every_field_a_router_may_ask_has_a_rule() -> None:
    schema = core(build.build(subgraph=True))
    assert {"Query._entities", "Query._service"} <= set(fields_of(schema))
    assert uncovered(schema) == []


# what is wrong ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "where"),
    [
        ({"id": "x"}, ["__typename"]),
        ({"__typename": None, "id": "x"}, ["__typename"]),
        ({"__typename": ["Site"], "id": "x"}, ["__typename"]),
        ({"__typename": "Application", "id": "x"}, ["__typename"]),
        ({"__typename": "site", "id": "x"}, ["__typename"]),
        ({"__typename": "Site"}, ["id"]),
        ({"__typename": "Site", "id": None, "key": None}, ["id"]),
        ({"__typename": "Campaign", "key": "christmas"}, ["id"]),
        ({"__typename": "Site", "id": {"sha": 1}}, ["id"]),
        ({"__typename": "Site", "id": ["x"]}, ["id"]),
        ({"__typename": "Site", "id": True}, ["id"]),
        ({"__typename": "Site", "id": 1.5}, ["id"]),
        ({"__typename": "Site", "key": 5}, ["key"]),
        ({"__typename": "Site", "key": {"$gt": ""}}, ["key"]),
        ("Site", []),
        (7, []),
        ([], []),
    ],
)
async def test_a_representation_that_names_nothing_is_told_where_it_stands(
    graph: Running, bad: Any, where: list[str]
) -> None:
    good = {"__typename": "Site", "key": "ath-116500", "rating": {"of": ["any", "kind"]}}
    answer = await graph.ask(ENTITIES, {"of": [good, bad]})
    assert [found and found["key"] for found in answer.data["_entities"]] == ["ath-116500", None]
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.errors[0]["path"] == ["_entities", 1]
    assert answer.errors[0]["extensions"]["argument"] == ["representations", 1, *where]
    for value in ("sha", "christmas", "$gt"):
        assert value not in str(answer.errors)


# the schema ---------------------------------------------------------------------------------------------------------


async def test_the_service_tells_the_schema_that_is_printed_for_routers(graph: Running) -> None:
    sdl = (await graph.data("{ _service { sdl } }"))["_service"]["sdl"]
    assert sdl == print_schema(subgraph=True)
    assert sdl.startswith("extend schema\n  @link(")
    assert 'type Site implements Node @key(fields: "id") @key(fields: "key") {' in sdl
    assert "_entities" not in sdl
    assert "_Any" not in sdl


def test_marks_apart_it_is_the_graphs_own_schema() -> None:
    sdl = print_schema(subgraph=True)
    for mark in (' @key(fields: "id")', ' @key(fields: "key")', " @shareable", " @inaccessible"):
        assert mark in sdl
        sdl = sdl.replace(mark, "")
    link, _, rest = sdl.partition("\n\n")
    assert link.startswith("extend schema")
    assert "".join(rest.split()) == "".join(print_schema().split())


async def test_without_the_setting_there_are_no_such_fields() -> None:
    async with running("bespot") as graph:
        for query in ("{ _service { sdl } }", "{ _entities(representations: []) { __typename } }"):
            answer = await graph.ask(query)
            assert (answer.codes, answer.calls) == (["GRAPHQL_VALIDATION_FAILED"], {})


def test_the_documented_ways_to_extend_a_site_are_those_that_are_composed() -> None:
    composed = "".join(file.read_text("utf-8") for file in sorted((ROOT / "scripts/composition").glob("*.graphql")))
    shown = [block for block in fenced(page("docs/subgraph.md"), "sdl") if block.startswith("type Site")]
    assert len(shown) == 2
    assert all(block in composed for block in shown)
