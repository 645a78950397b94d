"""The ledger of one answer: every attempt under its endpoint, how it ended, and what never left."""

from __future__ import annotations

import asyncio

import pytest

from gateway.domain.errors import UpstreamError
from gateway.domain.vendor import VendorKey
from gateway.telemetry import course
from gateway.telemetry.course import Course
from gateway.upstream.calls import Attempt, tally
from gateway.upstream.ledger import Ledger
from tests.upstream.doubles import GET, ScriptedTransport, client_over, reply

pytestmark = pytest.mark.anyio
BESPOT = VendorKey.BESPOT


async def test_attempts_stand_under_their_endpoint_with_how_they_ended() -> None:
    client = client_over(ScriptedTransport(reply(503), reply(200, b"[1, 2]")))
    with tally(Ledger) as ledger:
        await client.ask(GET)
    (line,) = ledger.told(sizes=True)
    assert (line["vendor"], line["endpoint"], line["calls"], line["bytes"]) == ("BESPOT", "sessions", 2, 6)
    assert line["outcomes"] == {"UPSTREAM_UNAVAILABLE": 1, "ok": 1}
    assert ledger.by_vendor == {BESPOT: 2}


async def test_a_call_that_still_runs_is_under_way_until_it_has_ended() -> None:
    coming: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def later(_: object) -> object:
        await coming
        return reply()

    client = client_over(ScriptedTransport(later))  # type: ignore[arg-type]
    with tally(Ledger) as ledger:
        task = asyncio.create_task(client.ask(GET))
        await asyncio.sleep(0.01)
    assert ledger.told(sizes=False)[0]["outcomes"] == {"UNDER_WAY": 1}
    coming.set_result(None)
    await task
    assert ledger.told(sizes=False)[0]["outcomes"] == {"ok": 1}


async def test_a_failure_is_told_by_its_code_and_its_size_is_nobodys() -> None:
    client = client_over(ScriptedTransport(reply(418, b"teapot")))
    with tally(Ledger) as ledger, pytest.raises(UpstreamError):
        await client.ask(GET)
    (line,) = ledger.told(sizes=True)
    assert (line["outcomes"], line["bytes"]) == ({"UPSTREAM_REJECTED": 1}, 0)


def test_logins_on_the_way_are_no_retries_of_the_question() -> None:
    question = Course("OKUBE", "list_sites")
    outer = course.enter(question)
    for endpoint in ("login", "list_sites", "login", "list_sites"):
        course.attempted(endpoint)
    course.leave(outer)
    assert (question.attempts, question.sent) == (4, 2)
    ledger = Ledger()
    ledger.met(question)
    assert ledger.told(sizes=False)[0]["retries"] == 1


def test_what_never_left_is_refused_and_no_call() -> None:
    ledger = Ledger()
    for outcome in ("CIRCUIT_OPEN", "OUT_OF_QUOTA", "OUT_OF_QUOTA", "UPSTREAM_TIMEOUT", "ok"):
        ledger.met(Course("BESPOT", "visits", outcome=outcome, waited=0.5))
    (line,) = ledger.told(sizes=False)
    assert (line["calls"], line["refused"]) == (0, {"CIRCUIT_OPEN": 1, "OUT_OF_QUOTA": 2})
    assert line["quotaWaitMs"] == 2500


def test_a_ledger_counts_for_the_tally_around_it_and_its_story_goes_up_too() -> None:
    with tally(Ledger) as outer, tally() as inner:
        inner.add(BESPOT, "visits")
        inner.done(Attempt(BESPOT, "visits", "ok", 0.25))
        inner.met(Course("BESPOT", "visits", outcome="ok"))
    assert outer.told(sizes=False) == [
        {
            "vendor": "BESPOT",
            "endpoint": "visits",
            "calls": 1,
            "outcomes": {"ok": 1},
            "refused": {},
            "retries": 0,
            "quotaWaitMs": 0,
            "ms": 250,
            "slowestMs": 250,
        }
    ]
