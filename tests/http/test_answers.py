"""What is kept and shared at the edge: made once, told to callers of equal rights only, never past a write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import orjson
import pytest

from gateway.access.principal import CallerKind, Principal
from gateway.access.scopes import Scope
from gateway.execution.operation import GraphQLRequest, Outcome
from gateway.http.answers import Answers, Made
from gateway.http.app import Edge
from gateway.http.lifecycle import Lifecycle
from tests.execution.toy import ToyGraph
from tests.http.conftest import client_of, live

pytestmark = pytest.mark.anyio

CALLERS = {
    "": Principal(CallerKind.ANONYMOUS, "anonymous", scopes=frozenset({Scope.READ})),
    "reader": Principal(CallerKind.KEY, "key:reader", scopes=frozenset({Scope.READ})),
    "limited": Principal(CallerKind.KEY, "key:limited", scopes=frozenset({Scope.READ}), sites=frozenset({"a"})),
    "operator": Principal(CallerKind.KEY, "key:operator", scopes=frozenset({Scope.READ, Scope.CACHE_BYPASS})),
}


class KeepingGraph(ToyGraph):
    """A toy graph whose whole answers stay good for a minute; callers are named by X-API-Key."""

    def __init__(self) -> None:
        super().__init__()
        self.edited = "0"
        self.seconds = 60

    async def authenticate(self, headers: Mapping[str, str]) -> Principal:
        return CALLERS[headers.get("x-api-key", "")]

    async def execute(self, request: GraphQLRequest, principal: Principal) -> Outcome:
        outcome = await super().execute(request, principal)
        if not outcome.errors and not outcome.unkept:
            outcome.max_age = self.seconds
        return outcome


@pytest.fixture
def graph() -> KeepingGraph:
    return KeepingGraph()


async def edge(graph: KeepingGraph, cache: str) -> httpx.AsyncClient:
    lifecycle = Lifecycle()
    lifecycle.graph = graph
    return client_of(Edge(live(cache=cache), lifecycle))


@pytest.fixture
async def client(graph: KeepingGraph) -> AsyncIterator[httpx.AsyncClient]:
    async with await edge(graph, "on") as client:
        yield client


async def ask(client: httpx.AsyncClient, query: str, *, key: str = "", **more: Any) -> httpx.Response:
    headers = {"content-type": "application/json", **({"x-api-key": key} if key else {}), **more.pop("headers", {})}
    return await client.post("/graphql", content=orjson.dumps({"query": query, **more}), headers=headers)


async def test_an_answer_is_made_once_and_told_again_with_its_age_and_tag(
    client: httpx.AsyncClient, graph: KeepingGraph
) -> None:
    first, second, third = [await ask(client, "{ hello }") for _ in range(3)]
    assert graph.ran == 1
    assert first.content == second.content == third.content == b'{"data":{"hello":"hello world"}}'
    for answer in (first, second, third):
        assert answer.headers["cache-control"] in ("private, max-age=60", "private, max-age=59")
        assert answer.headers["vary"] == "Authorization, X-API-Key, Accept"
        assert answer.headers["etag"] == first.headers["etag"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert set(third.headers) - {"age"} == set(first.headers) - {"age"}


async def test_the_same_question_in_other_words_is_the_same_question(
    client: httpx.AsyncClient, graph: KeepingGraph
) -> None:
    await ask(client, "query Q($n: String!) { hello(name: $n) }", variables={"n": "a"})
    await ask(client, "query Q($n:String!){hello(name:$n),}#!", variables={"n": "a"})
    assert graph.ran == 1
    await ask(client, "query Q($n: String!) { hello(name: $n) }", variables={"n": "b"})
    await ask(client, "query P($n: String!) { hello(name: $n) }", variables={"n": "a"})
    assert graph.ran == 3


async def test_callers_of_equal_rights_share_and_no_others(client: httpx.AsyncClient, graph: KeepingGraph) -> None:
    for _ in range(2):
        await ask(client, "{ hello }")
        await ask(client, "{ hello }", key="reader")
    assert graph.ran == 1
    await ask(client, "{ hello }", key="limited")
    await ask(client, "{ hello }", key="operator")
    assert graph.ran == 3


async def test_a_question_by_get_is_another_question(client: httpx.AsyncClient, graph: KeepingGraph) -> None:
    await ask(client, "{ hello }")
    await client.get("/graphql", params={"query": "{ hello }"}, headers={"accept": "application/json"})
    assert graph.ran == 2


@pytest.mark.parametrize("query", ["{ rows { visits } }", "mutation { touch }", "{ nope }", "{ hello"])
async def test_errors_and_writes_are_never_kept(client: httpx.AsyncClient, graph: KeepingGraph, query: str) -> None:
    first = await ask(client, query)
    second = await ask(client, query)
    assert graph.ran == 2
    assert first.headers["cache-control"] == second.headers["cache-control"] == "no-store"
    assert "etag" not in second.headers


async def test_nothing_is_told_from_before_a_write(client: httpx.AsyncClient, graph: KeepingGraph) -> None:
    await ask(client, "{ hello }")
    await ask(client, "{ hello }")
    graph.edited = "1"
    await ask(client, "{ hello }")
    assert graph.ran == 2
    graph.edited = None
    await ask(client, "{ hello }")
    await ask(client, "{ hello }")
    assert graph.ran == 4


async def test_what_may_not_be_kept_is_not(client: httpx.AsyncClient, graph: KeepingGraph) -> None:
    graph.seconds = 0
    answers = [await ask(client, "{ hello }") for _ in range(2)]
    assert graph.ran == 2
    assert [answer.headers["cache-control"] for answer in answers] == ["private, max-age=0"] * 2


async def test_going_round_what_is_kept_takes_a_scope_and_renews_it(
    client: httpx.AsyncClient, graph: KeepingGraph
) -> None:
    again = {"cache-control": "max-age=0, No-Cache"}
    await ask(client, "{ hello }")
    await ask(client, "{ hello }", headers=again)
    assert graph.ran == 1
    await ask(client, "{ hello }", key="operator")
    await ask(client, "{ hello }", key="operator", headers=again)
    await ask(client, "{ hello }", key="operator")
    assert graph.ran == 3


async def test_what_the_caller_has_already_is_not_sent_again(client: httpx.AsyncClient, graph: KeepingGraph) -> None:
    parameters = {"query": "{ hello }"}
    accept = {"accept": "application/json"}
    first = await client.get("/graphql", params=parameters, headers=accept)
    tag = first.headers["etag"]
    for asked in (tag, f'"x", W/{tag}', "*"):
        answer = await client.get("/graphql", params=parameters, headers={**accept, "if-none-match": asked})
        assert (answer.status_code, answer.content) == (304, b"")
        assert (answer.headers["etag"], "content-type" in answer.headers) == (tag, False)
        assert answer.headers["vary"] == "Authorization, X-API-Key, Accept"
    other = await client.get(
        "/graphql", params=parameters, headers={"accept": "application/graphql-response+json", "if-none-match": tag}
    )
    assert (other.status_code, graph.ran) == (200, 1)
    changed = await client.get("/graphql", params=parameters, headers={**accept, "if-none-match": '"else"'})
    assert (changed.status_code, changed.content) == (200, first.content)


@pytest.mark.parametrize(("cache", "runs"), [("on", 1), ("coalesce", 1), ("off", 5)])
async def test_identical_questions_under_way_run_once(graph: KeepingGraph, cache: str, runs: int) -> None:
    async with await edge(graph, cache) as client:
        answers = await asyncio.gather(*(ask(client, "{ slow(seconds: 0.05) }") for _ in range(5)))
        assert [answer.json() for answer in answers] == [{"data": {"slow": "done"}}] * 5
        assert graph.ran == runs
        await ask(client, "{ slow(seconds: 0.05) }")
        assert graph.ran == (runs if cache == "on" else runs + 1)


async def test_who_began_a_shared_question_may_leave(graph: KeepingGraph) -> None:
    async with await edge(graph, "coalesce") as client:
        first = asyncio.create_task(ask(client, "{ slow(seconds: 0.1) }"))
        await asyncio.sleep(0.03)
        second = asyncio.create_task(ask(client, "{ slow(seconds: 0.1) }"))
        await asyncio.sleep(0.03)
        first.cancel()
        assert (await second).json() == {"data": {"slow": "done"}}
        assert graph.ran == 1


async def test_a_question_begun_before_a_write_is_not_joined_after_it(graph: KeepingGraph) -> None:
    async with await edge(graph, "on") as client:
        first = asyncio.create_task(ask(client, "{ slow(seconds: 0.05) }"))
        await asyncio.sleep(0.02)
        graph.edited = "1"
        await ask(client, "{ slow(seconds: 0.05) }")
        await first
        assert graph.ran == 2


async def test_what_is_kept_is_bounded_in_bytes() -> None:
    graph = KeepingGraph()
    answers = Answers("on", 40_000)
    for number in range(100):
        request = GraphQLRequest("query Q($n: String!) { hello(name: $n) }", {"n": str(number)})
        made = Made((await graph.execute(request, CALLERS[""])).phase, b"x" * 1_000, {}, [], 60, 0)

        async def make(made: Made = made) -> Made:
            return made

        await answers.ask(graph, request, CALLERS[""], make)
    assert answers._bytes == sum(len(made.body) + 1_000 for made in answers._kept.values()) == 40_000
    assert len(answers._kept) == 20


@pytest.mark.parametrize("cache", ["coalesce", "on"])
async def test_what_asks_no_vendor_is_kept_even_where_nothing_outlives_a_flight(
    graph: KeepingGraph, cache: str
) -> None:
    async with await edge(graph, cache) as client:
        for caller in ("reader", "reader", "limited", "", ""):
            headers = {"x-api-key": caller} if caller else {}
            answer = await client.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
            assert answer.json() == {"data": {"__typename": "Query"}}
    assert graph.ran == 2, "strangers who may read are told what readers are told"


async def test_a_question_that_asks_more_than_the_schema_is_not_kept_where_nothing_is(graph: KeepingGraph) -> None:
    async with await edge(graph, "off") as client:
        for query in ("{ __typename hello }", "query A { ...F } fragment F on Query { __typename hello }"):
            for _ in range(2):
                await client.post("/graphql", json={"query": query})
    assert graph.ran == 4
