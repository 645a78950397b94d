"""What makes a 2xx usable, and how a vendor's own words get into an error."""

from __future__ import annotations

import pytest

from gateway.domain.errors import Malformed, Rejected, Throttled, Unavailable, UpstreamError
from gateway.domain.vendor import VendorKey
from gateway.upstream.exchange import Answer
from tests.upstream.doubles import GET, ScriptedTransport, client_over, reply

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/json; charset=utf-8", "application/vnd.api+json", "", "text/plain", "TEXT/JSON"],
)
async def test_json_may_come_under_many_names(kind: str) -> None:
    wire = ScriptedTransport(Answer(200, {"content-type": kind} if kind else {}, b"{}"))
    assert (await client_over(wire).ask(GET)).body == b"{}"


@pytest.mark.parametrize("kind", ["text/html", "text/csv", "application/xml", "application/xhtml+xml", "image/png"])
async def test_anything_else_is_malformed(kind: str) -> None:
    wire = ScriptedTransport(Answer(200, {"content-type": kind}, b"{}"))
    with pytest.raises(Malformed) as caught:
        await client_over(wire).ask(GET)
    assert caught.value.status == 200


async def test_the_vendors_code_and_id_are_told_and_the_status_is_added() -> None:
    def explain(answer: Answer) -> UpstreamError | None:
        if answer.status != 404:
            return None
        return Rejected(VendorKey.BESPOT, "Unknown store.", vendor_code="store_code_not_found", error_id="e1")

    wire = ScriptedTransport(reply(404), reply(403))
    client = client_over(wire, explain=explain)
    with pytest.raises(Rejected) as caught:
        await client.ask(GET)
    assert (caught.value.vendor_code, caught.value.error_id, caught.value.status) == ("store_code_not_found", "e1", 404)
    with pytest.raises(Rejected) as plain:
        await client.ask(GET)
    assert (plain.value.vendor_code, plain.value.status) == (None, 403)


async def test_an_explained_failure_is_still_retried_and_still_says_when() -> None:
    def explain(answer: Answer) -> UpstreamError | None:
        kind = Throttled if answer.status == 429 else Unavailable
        return kind(VendorKey.BESPOT, "Not now.", vendor_code="busy")

    wire = ScriptedTransport(reply(503), reply(429, headers={"retry-after": "3600"}))
    with pytest.raises(Throttled) as caught:
        await client_over(wire, explain=explain).ask(GET)
    assert len(wire.sent) == 2
    assert (caught.value.retry_after, caught.value.status, caught.value.vendor_code) == (3600, 429, "busy")


@pytest.mark.parametrize(("status", "retryable"), [(500, True), (501, False), (503, True), (505, False), (599, False)])
async def test_a_failure_says_whether_it_may_pass(status: int, retryable: bool) -> None:
    with pytest.raises(Unavailable) as caught:
        await client_over(ScriptedTransport(reply(status))).ask(GET)
    assert (caught.value.status, caught.value.retryable) == (status, retryable)


async def test_a_vendors_prose_never_gets_into_a_message() -> None:
    wire = ScriptedTransport(reply(400, b'{"detail": "ana@example.org is unknown"}'))
    with pytest.raises(Rejected) as caught:
        await client_over(wire).ask(GET)
    assert caught.value.message == "The vendor refused the request with status 400."
