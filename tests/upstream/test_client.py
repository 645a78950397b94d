"""The whole pipeline over real sockets: codes by cause (rules.md 4), exact numbers of calls (5), one origin."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from gateway.domain.errors import (
    Malformed,
    Rejected,
    Throttled,
    TimedOut,
    Unavailable,
    UpstreamError,
    WriteOutcomeUnknown,
)
from gateway.domain.ports.supply import Supply
from gateway.domain.quota import VendorState
from gateway.domain.vendor import VendorKey
from gateway.settings import BespotSettings, GuestWifiSettings
from gateway.upstream import deadline
from gateway.upstream.auth import BasicCredential, HeaderCredential
from gateway.upstream.breaker import BreakerRule
from gateway.upstream.calls import Attempt, tally
from gateway.upstream.client import VendorClient
from gateway.upstream.exchange import Ask
from gateway.upstream.vendor import Vendor, build_client
from tests.upstream.doubles import GET, NOW, WRITE, client_at
from tests.upstream.raw_vendor import (
    Behaviour,
    drips,
    free_port,
    hangs,
    playing,
    says,
    sends_then_closes,
    sends_then_resets,
)

pytestmark = pytest.mark.anyio

HALF = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"a": '
DRIP = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"


@pytest.fixture
async def asked() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


def opened(stack: AsyncExitStack, base_url: str, **more: object) -> VendorClient:
    client = client_at(base_url, **more)
    stack.push_async_callback(client.close)
    return client


CAUSES = [
    pytest.param(sends_then_closes(b""), Unavailable, 3, id="closes without a word"),
    pytest.param(sends_then_resets(HALF), Unavailable, 3, id="resets in the middle"),
    pytest.param(says(500, b""), Unavailable, 3, id="500"),
    pytest.param(says(502, b"<html>", kind="text/html"), Unavailable, 3, id="502"),
    pytest.param(says(503, b"{}"), Unavailable, 3, id="503"),
    pytest.param(says(504, b"{}"), Unavailable, 3, id="504"),
    pytest.param(says(501, b"{}"), Unavailable, 1, id="501"),
    pytest.param(hangs, TimedOut, 1, id="silence"),
    pytest.param(drips(DRIP, b" ", 0.02), TimedOut, 1, id="a body that drips"),
    pytest.param(says(429, b"{}", "retry-after: 3600"), Throttled, 1, id="429 for an hour"),
    pytest.param(says(429, b"{}", "retry-after: 0"), Throttled, 3, id="429 for no time"),
    pytest.param(says(401, b"", kind=""), Rejected, 1, id="401 without a body"),
    pytest.param(says(403, b"{}"), Rejected, 1, id="403"),
    pytest.param(says(404, b"{}"), Rejected, 1, id="404"),
    pytest.param(says(422, b"{}"), Rejected, 1, id="422"),
    pytest.param(says(301, b"", "location: /api/sessions/"), Rejected, 1, id="301"),
    pytest.param(says(304, b""), Rejected, 1, id="304"),
    pytest.param(says(200, b""), Malformed, 1, id="empty"),
    pytest.param(says(204, b""), Malformed, 1, id="204 to a read"),
    pytest.param(says(200, b"<html></html>", kind="text/html; charset=utf-8"), Malformed, 1, id="a page"),
    pytest.param(sends_then_closes(HALF), Malformed, 1, id="cut short"),
    pytest.param(says(200, b"x" * 2000), Malformed, 1, id="too long"),
]


@pytest.mark.parametrize(("behaviour", "error", "calls"), CAUSES)
async def test_every_cause_has_its_error_and_its_number_of_calls(
    asked: AsyncExitStack, behaviour: Behaviour, error: type[UpstreamError], calls: int
) -> None:
    vendor = await asked.enter_async_context(playing(behaviour))
    client = opened(asked, vendor.base_url, timeout=0.4, max_response_bytes=1000)
    with tally() as count, deadline.within(9), pytest.raises(UpstreamError) as caught:
        await client.ask(GET)
    assert caught.value.code == error.code
    assert caught.value.vendor is VendorKey.BESPOT
    assert len(vendor.heard) == calls
    assert count.by_vendor == {VendorKey.BESPOT: calls}


async def test_a_refused_connection_is_unavailable_and_tried_three_times(asked: AsyncExitStack) -> None:
    client = opened(asked, f"http://127.0.0.1:{free_port()}/api")
    with tally() as count, pytest.raises(Unavailable):
        await client.ask(GET)
    assert count.by_vendor == {VendorKey.BESPOT: 3}


async def test_a_vendor_that_recovers_is_answered_from(asked: AsyncExitStack) -> None:
    vendor = await asked.enter_async_context(playing(says(503, b""), sends_then_closes(b""), says(200, b'{"a":1}')))
    answer = await opened(asked, vendor.base_url).ask(GET)
    assert (answer.body, len(vendor.heard)) == (b'{"a":1}', 3)


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        pytest.param(sends_then_closes(b""), WriteOutcomeUnknown, id="vanishes"),
        pytest.param(sends_then_resets(HALF), WriteOutcomeUnknown, id="resets"),
        pytest.param(sends_then_closes(HALF), WriteOutcomeUnknown, id="cut short"),
        pytest.param(hangs, WriteOutcomeUnknown, id="silence"),
        pytest.param(says(504, b""), WriteOutcomeUnknown, id="504"),
        pytest.param(says(502, b""), WriteOutcomeUnknown, id="502"),
        pytest.param(says(500, b""), Unavailable, id="500"),
        pytest.param(says(503, b"", "retry-after: 0"), Unavailable, id="503"),
        pytest.param(says(429, b"", "retry-after: 0"), Throttled, id="429"),
        pytest.param(says(422, b'{"message": "no"}'), Rejected, id="422"),
    ],
)
async def test_a_write_is_sent_once_whatever_becomes_of_it(
    asked: AsyncExitStack, behaviour: Behaviour, error: type[Exception]
) -> None:
    vendor = await asked.enter_async_context(playing(behaviour))
    client = opened(asked, vendor.base_url, timeout=0.4)
    with pytest.raises(error):
        await client.ask(WRITE)
    assert len(vendor.heard) == 1


async def test_a_write_that_never_left_is_plainly_unavailable(asked: AsyncExitStack) -> None:
    client = opened(asked, f"http://127.0.0.1:{free_port()}/api")
    with tally() as count, pytest.raises(Unavailable):
        await client.ask(WRITE)
    assert count.by_vendor == {VendorKey.BESPOT: 3}


async def test_a_refused_write_carries_the_vendors_parsed_words(asked: AsyncExitStack) -> None:
    vendor = await asked.enter_async_context(playing(says(422, b'{"message": "no"}')))
    with pytest.raises(Rejected) as caught:
        await opened(asked, vendor.base_url).ask(WRITE)
    assert caught.value.body == {"message": "no"}
    assert "no" not in caught.value.message.split()


async def test_a_write_may_be_answered_without_content(asked: AsyncExitStack) -> None:
    vendor = await asked.enter_async_context(playing(says(204, b"")))
    assert (await opened(asked, vendor.base_url).ask(WRITE)).status == 204


async def test_credentials_go_to_the_configured_origin_only(asked: AsyncExitStack) -> None:
    elsewhere = await asked.enter_async_context(playing(says(200, b"{}")))
    vendor = await asked.enter_async_context(playing(says(301, b"", f"location: {elsewhere.base_url}")))
    with pytest.raises(Rejected) as caught:
        await opened(asked, vendor.base_url).ask(GET)
    assert caught.value.status == 301
    expected = "Basic " + base64.b64encode(b"gateway:s3cret").decode()
    assert [heard.headers["authorization"] for heard in vendor.heard] == [expected]
    assert elsewhere.heard == []


async def test_path_and_query_arrive_as_they_were_meant(asked: AsyncExitStack) -> None:
    vendor = await asked.enter_async_context(playing(says(200, b"{}")))
    query = (
        ("keys", "a,b"),
        ("keys", "c&d=e"),
        ("comeback", "2+week"),
        ("q", "half engaged %41 ü #?/"),
        ("empty", ""),
    )
    await opened(asked, vendor.base_url).ask(Ask("site", "/sites/a%2Fb%20%C3%BC%3F%2525", query))
    method, target = vendor.heard[0].method, urlsplit(vendor.heard[0].target)
    assert method == "GET"
    assert [unquote(part) for part in target.path.split("/")] == ["", "api", "sites", "a/b ü?%25"]
    assert tuple(parse_qsl(target.query, keep_blank_values=True)) == query


@pytest.mark.parametrize(
    "path", ["/a/../b", "/a/%2e%2E/b", "/..", "/./x", "/a?b=c", "/a#b", "a", "/a b", "/a\r\nb", "\\x"]
)
async def test_a_path_never_climbs_out_of_the_base(asked: AsyncExitStack, path: str) -> None:
    vendor = await asked.enter_async_context(playing(says(200, b"{}")))
    with pytest.raises(Rejected) as caught:
        await opened(asked, vendor.base_url).ask(Ask("site", path))
    assert vendor.heard == []
    assert caught.value.message.startswith("The vendor cannot be asked for this")


async def test_a_header_with_a_control_character_is_never_sent(asked: AsyncExitStack) -> None:
    vendor = await asked.enter_async_context(playing(says(200, b"{}")))
    with pytest.raises(ValueError, match="control character"):
        await opened(asked, vendor.base_url).ask(Ask("sites", "/sites", accept="application/json\r\nX-Evil: 1"))
    assert vendor.heard == []


async def test_no_more_requests_run_than_there_are_connections(asked: AsyncExitStack) -> None:
    running = most = 0

    async def slowly(writer: asyncio.StreamWriter) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        await says(200, b"{}")(writer)

    vendor = await asked.enter_async_context(playing(slowly))
    client = opened(asked, vendor.base_url, max_connections=3)
    await asyncio.gather(*(client.ask(GET) for _ in range(12)))
    assert (most, len(vendor.heard)) == (3, 12)


async def test_waiting_for_a_connection_ends_with_the_deadline_and_leaves_the_write_unsent(
    asked: AsyncExitStack,
) -> None:
    vendor = await asked.enter_async_context(playing(hangs))
    client = opened(asked, vendor.base_url, max_connections=1)
    first = asyncio.create_task(client.ask(GET))
    await asyncio.sleep(0.1)
    with deadline.within(0.2), pytest.raises(TimedOut):
        await client.ask(WRITE)
    first.cancel()
    assert len(vendor.heard) == 1


async def test_health_follows_the_last_finished_call(asked: AsyncExitStack) -> None:
    vendor = await asked.enter_async_context(
        playing(says(200, b"{}"), says(404, b"{}"), says(401, b""), says(200, b"{}"))
    )
    client = opened(asked, vendor.base_url)
    assert (await client.health()).last_success_at is None
    states = []
    for _ in range(4):
        with suppress(Rejected):
            await client.ask(GET)
        states.append((await client.health()).state)
    assert states == [VendorState.READY, VendorState.READY, VendorState.DEGRADED, VendorState.READY]
    health = await client.health()
    assert (health.last_success_at, health.last_failure_at, health.last_failure_code) == (NOW, NOW, "UPSTREAM_REJECTED")


async def test_an_open_breaker_shows_in_the_health_and_asks_nothing(asked: AsyncExitStack) -> None:
    vendor = await asked.enter_async_context(playing(says(500, b"")))
    client = opened(asked, vendor.base_url, breaker=BreakerRule(failures=3))
    for _ in range(3):
        with pytest.raises(Unavailable):
            await client.ask(GET)
    assert (await client.health()).state is VendorState.OPEN_CIRCUIT
    assert len(vendor.heard) == 3


async def test_an_observer_sees_every_attempt_and_no_data(asked: AsyncExitStack) -> None:
    seen: list[Attempt] = []
    vendor = await asked.enter_async_context(playing(says(503, b""), says(200, b"{}")))
    await opened(asked, vendor.base_url, observer=seen.append).ask(Ask("leases", "/sessions/10.1.1.5", (("q", "x"),)))
    assert [(attempt.vendor, attempt.endpoint, attempt.outcome, attempt.rows) for attempt in seen] == [
        (VendorKey.BESPOT, "leases", "UPSTREAM_UNAVAILABLE", None),
        (VendorKey.BESPOT, "leases", "ok", None),
    ]


async def test_a_long_answer_can_be_streamed(asked: AsyncExitStack) -> None:
    vendor = await asked.enter_async_context(playing(says(200, b"a;b\n" * 5000, kind="text/csv")))
    client = opened(asked, vendor.base_url, max_response_bytes=100, max_connections=1)
    with deadline.within(5):
        for _ in range(2):  # the connection's seat is given back
            async with client.stream(Ask("sites_csv", "/sites", accept="text/csv")) as chunks:
                assert b"".join([chunk async for chunk in chunks]) == b"a;b\n" * 5000
    assert (await client.health()).state is VendorState.READY


@pytest.mark.parametrize(
    ("behaviour", "error", "calls"),
    [
        (says(503, b""), Unavailable, 3),
        (says(401, b""), Rejected, 1),
        (says(200, b"{}"), Malformed, 1),
        (says(200, b"<html>", kind="text/html"), Malformed, 1),
        (sends_then_closes(HALF.replace(b"application/json", b"text/csv")), Malformed, 1),
        (sends_then_resets(HALF.replace(b"application/json", b"text/csv")), Unavailable, 1),
        (drips(b"HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\n\r\nrow", b"", 60), TimedOut, 1),
    ],
)
async def test_a_stream_that_fails_says_so(
    asked: AsyncExitStack, behaviour: Behaviour, error: type[UpstreamError], calls: int
) -> None:
    vendor = await asked.enter_async_context(playing(behaviour))
    client = opened(asked, vendor.base_url, timeout=0.3, max_connections=1)
    for _ in range(2):
        with deadline.within(5), pytest.raises(error):
            async with client.stream(Ask("sites_csv", "/sites", accept="text/csv")) as chunks:
                _ = [chunk async for chunk in chunks]
    assert len(vendor.heard) == 2 * calls


async def test_a_client_is_built_from_the_declaration_and_the_settings(asked: AsyncExitStack) -> None:
    vendor = await asked.enter_async_context(playing(says(200, b"{}")))
    declared = Vendor(
        VendorKey.GUEST_WIFI, "Guest Wi-Fi", lambda _: HeaderCredential("x-token", "", "t"), _no_adapter, "nowhere"
    )
    client = build_client(declared, GuestWifiSettings(base_url=vendor.base_url), lambda: NOW)
    asked.push_async_callback(client.close)
    await client.ask(GET)
    (quota,) = (await client.health()).quotas
    assert (quota.name, quota.limit, quota.per_seconds, quota.remaining) == ("sessions", 60, 60, 59)
    assert vendor.heard[0].headers["x-token"] == "t"
    assert vendor.heard[0].headers["accept"] == "application/json"

    unbounded = build_client(
        Vendor(VendorKey.BESPOT, "Bespot", lambda _: BasicCredential("a", "b"), _no_adapter, "nowhere"),
        BespotSettings(base_url=vendor.base_url),
        lambda: NOW,
    )
    asked.push_async_callback(unbounded.close)
    await unbounded.ask(GET)
    assert (await unbounded.health()).quotas == ()


def _no_adapter(*_: object) -> Supply:
    raise NotImplementedError
