"""What a question to a vendor leaves behind: calls, attempts, waits, and a span that the vendor can join."""

from __future__ import annotations

import pytest

from gateway.domain.errors import Throttled, Unavailable, UpstreamError
from gateway.domain.vendor import VendorKey
from gateway.telemetry import Telemetry
from gateway.upstream import deadline
from gateway.upstream.auth import BasicCredential
from gateway.upstream.calls import Attempt
from gateway.upstream.client import VendorClient
from gateway.upstream.exchange import Ask
from gateway.upstream.probe import VendorProbe
from gateway.upstream.quota import MemoryQuota, Quota, QuotaRule, Unlimited
from gateway.upstream.transport import NotConnected
from tests.telemetry.watching import Watching, value
from tests.upstream.doubles import NOW, ScriptedTransport, reply

pytestmark = pytest.mark.anyio

ASK = Ask("visits", "/visits/10.1.1.5", (("device_id", "ca9a-secret"),))
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = f"00-{TRACE}-00f067aa0ba902b7-01"


def client_of(telemetry: Telemetry, transport: ScriptedTransport, quota: Quota | None = None) -> VendorClient:
    def seen(attempt: Attempt) -> None:
        telemetry.attempt(attempt.vendor.value, attempt.endpoint, attempt.outcome, attempt.seconds)

    return VendorClient(
        VendorKey.BESPOT,
        base_url="http://vendor.test/api",
        credential=BasicCredential("gateway", "s3cret"),
        transport=transport,
        clock=lambda: NOW,
        timeout=5,
        max_connections=5,
        max_response_bytes=1_000_000,
        quota=quota or Unlimited(),
        observer=seen,
        telemetry=telemetry,
    )


async def test_a_call_counts_once_and_each_of_its_attempts_too() -> None:
    telemetry = Telemetry()
    transport = ScriptedTransport(reply(503), reply(200))
    await client_of(telemetry, transport).ask(ASK)
    text = telemetry.metrics.text().decode()
    of = {"vendor": "BESPOT", "endpoint": "visits"}
    assert value(text, "gateway_vendor_calls_total", outcome="ok", **of) == 1
    assert value(text, "gateway_vendor_attempts_total", outcome="UPSTREAM_UNAVAILABLE", **of) == 1
    assert value(text, "gateway_vendor_attempts_total", outcome="ok", **of) == 1
    assert value(text, "gateway_vendor_attempt_seconds_count", **of) == 2
    assert len(transport.sent) == 2


async def test_what_the_gateway_itself_refuses_is_told_apart() -> None:
    telemetry, transport = Telemetry(), ScriptedTransport(reply(200))
    client = client_of(telemetry, transport, MemoryQuota(QuotaRule(1), lambda: NOW))
    with deadline.within(1):
        await client.ask(ASK)
        with pytest.raises(Throttled):
            await client.ask(ASK)
    text = telemetry.metrics.text().decode()
    of = {"vendor": "BESPOT", "endpoint": "visits"}
    assert value(text, "gateway_vendor_calls_total", outcome="OUT_OF_QUOTA", **of) == 1
    assert value(text, "gateway_vendor_attempts_total", outcome="ok", **of) == 1
    assert len(transport.sent) == 1


async def test_waiting_for_a_slot_is_measured() -> None:
    telemetry, transport = Telemetry(), ScriptedTransport(reply(200))
    client = client_of(telemetry, transport, MemoryQuota(QuotaRule(1, 0.05), lambda: NOW, pad=0.0))
    await client.ask(ASK)
    await client.ask(ASK)
    text = telemetry.metrics.text().decode()
    of = {"vendor": "BESPOT", "endpoint": "visits"}
    assert value(text, "gateway_quota_wait_seconds_count", **of) == 1, "the first did not wait"
    assert 0.04 < (value(text, "gateway_quota_wait_seconds_sum", **of) or 0) < 2


async def test_the_probe_tells_allowance_and_breaker() -> None:
    telemetry = Telemetry()
    quota = MemoryQuota(QuotaRule(60), lambda: NOW)
    client = client_of(telemetry, ScriptedTransport(NotConnected()), quota)
    telemetry.add(VendorProbe(VendorKey.BESPOT, client))
    for _ in range(10):
        with pytest.raises(Unavailable):
            await client.ask(ASK)
    await telemetry.probed()
    text = telemetry.metrics.text().decode()
    assert value(text, "gateway_breaker_open", vendor="BESPOT") == 1
    assert value(text, "gateway_vendor_failing", vendor="BESPOT") == 1
    assert value(text, "gateway_quota_limit", vendor="BESPOT", endpoint="visits") == 60
    assert value(text, "gateway_quota_used", vendor="BESPOT", endpoint="visits") == 30


async def test_a_vendor_is_told_the_trace_and_nothing_else_of_the_caller() -> None:
    watching, transport = Watching(), ScriptedTransport(reply(200))
    with watching.telemetry.request("/graphql", f"{CALLER}") as seen:
        await client_of(watching.telemetry, transport).ask(ASK)
        seen.answered(200, {"outcome": "ok"})
    call, operation = watching.spans()
    assert operation.context is not None
    assert call.context is not None
    assert f"{operation.context.trace_id:032x}" == TRACE
    assert operation.parent is not None
    assert f"{operation.parent.span_id:016x}" == "00f067aa0ba902b7"
    assert call.parent is not None
    assert call.parent.span_id == operation.context.span_id
    assert transport.sent[0].headers["traceparent"] == f"00-{TRACE}-{call.context.span_id:016x}-01"
    assert "tracestate" not in transport.sent[0].headers


@pytest.mark.parametrize("sent", ["", "garbage", CALLER.replace("00-4", "ff-4"), CALLER.replace(TRACE, "0" * 32)])
async def test_a_broken_traceparent_begins_a_trace_of_our_own(sent: str) -> None:
    watching = Watching()
    with watching.telemetry.request("/graphql", sent) as seen:
        seen.answered(200, {"outcome": "ok"})
    (operation,) = watching.spans()
    assert operation.parent is None


async def test_the_span_of_a_call_tells_its_story_without_its_arguments() -> None:
    watching, transport = Watching(), ScriptedTransport(reply(503), reply(404, b'{"error": "ca9a-secret"}'))
    with watching.telemetry.request("/graphql", None) as seen:
        with pytest.raises(UpstreamError):
            await client_of(watching.telemetry, transport).ask(ASK)
        seen.answered(200, {"outcome": "UPSTREAM_REJECTED"})
    call, operation = watching.spans()
    assert call.name == "BESPOT visits"
    assert dict(call.attributes or {}) == {
        "gateway.vendor": "BESPOT",
        "gateway.endpoint": "visits",
        "gateway.outcome": "UPSTREAM_REJECTED",
        "gateway.attempts": 2,
        "gateway.cache": "none",
        "http.response.status_code": 404,
    }
    assert call.events == ()
    assert operation.events == ()
    assert "secret" not in call.to_json() + operation.to_json()
    assert "10.1.1.5" not in call.to_json()


async def test_the_span_tells_how_long_the_quota_kept_a_call_waiting() -> None:
    watching, transport = Watching(), ScriptedTransport(reply(200))
    client = client_of(watching.telemetry, transport, MemoryQuota(QuotaRule(1, 0.05), lambda: NOW, pad=0.0))
    with watching.telemetry.request("/graphql", None) as seen:
        await client.ask(ASK)
        await client.ask(ASK)
        seen.answered(200, {"outcome": "ok"})
    first, second, _ = (dict(span.attributes or {}) for span in watching.spans())
    assert "gateway.quota.waited_ms" not in first
    assert isinstance(second["gateway.quota.waited_ms"], float)
    assert 40 < second["gateway.quota.waited_ms"] < 2_000


async def test_a_caller_who_does_not_record_is_not_recorded_but_his_trace_goes_on() -> None:
    watching, transport = Watching(), ScriptedTransport(reply(200))
    with watching.telemetry.request("/graphql", CALLER.replace("-01", "-00")) as seen:
        await client_of(watching.telemetry, transport).ask(ASK)
        seen.answered(200, {"outcome": "ok"})
    assert watching.spans() == []
    assert transport.sent[0].headers["traceparent"].startswith(f"00-{TRACE}-")
    assert transport.sent[0].headers["traceparent"].endswith("-00")


async def test_without_tracing_a_vendor_gets_no_header_of_it() -> None:
    transport = ScriptedTransport(reply(200))
    await client_of(Telemetry(), transport).ask(ASK)
    assert "traceparent" not in transport.sent[0].headers
