"""What an answer says of its age: coverage, extensions.freshness, and never anything stale told as fresh."""

from __future__ import annotations

import pytest

from gateway.domain import instant
from gateway.domain.instant import HOUR, MINUTE
from gateway.sandbox.faults import Fault
from tests.sandbox.hands import NOON, Hands
from tests.schema.running import running

pytestmark = pytest.mark.anyio

TODAY = f'{{from: "{instant.text(NOON - 3 * HOUR)}", to: "2026-11-02T12:00:00Z"}}'
QUESTION = (
    f"{{ visits(window: {TODAY}, granularity: HOUR, first: 200) "
    "{ nodes { entries } coverage { state asOf stale } } }"
)
LAST_MONTH = f'{{from: "{instant.text(NOON - 720 * HOUR)}", to: "{instant.text(NOON - 700 * HOUR)}"}}'


async def test_an_answer_of_today_says_when_its_newest_part_was_read() -> None:
    async with running("bespot", cache="on") as gateway:
        answer = await gateway.ask(QUESTION)
    (freshness,) = answer.extensions["freshness"]
    assert freshness["vendor"] == "BESPOT"
    assert freshness["asOf"] == instant.text(NOON)
    assert instant.parse(freshness["expiresAt"]) > NOON
    assert freshness["stale"] is False
    assert not any(line["stale"] for line in answer.data["visits"]["coverage"])


async def test_what_cannot_change_any_more_has_no_end() -> None:
    async with running("bespot", cache="on") as gateway:
        answer = await gateway.ask(f"{{ visits(window: {LAST_MONTH}, granularity: HOUR) {{ totals {{ entries }} }} }}")
    assert answer.extensions["freshness"] == [{"vendor": "BESPOT", "asOf": None, "expiresAt": None, "stale": False}]


async def test_a_vendor_that_went_silent_is_answered_for_from_the_cache_and_labelled() -> None:
    clock = Hands(NOON)
    async with running("bespot", cache="on", clock=clock) as gateway:
        fresh = await gateway.ask(QUESTION)
        gateway.faults("bespot").on(Fault(kind="status", status=503))
        clock.now = NOON + 15 * MINUTE  # past the vendor's next publication
        stale = await gateway.ask(QUESTION)
        gateway.faults("bespot").off()
    assert stale.errors == []
    told = [line for line in stale.data["visits"]["coverage"] if line["state"] == "COMPLETE"]
    assert [line["stale"] for line in told] == [True]
    assert instant.parse(told[0]["asOf"]) <= NOON
    assert stale.extensions["freshness"][0]["stale"] is True
    assert stale.data["visits"]["nodes"][: len(fresh.data["visits"]["nodes"])] == fresh.data["visits"]["nodes"]


async def test_a_vendor_that_is_asked_every_time_has_nothing_kept_to_tell_of() -> None:
    async with running("bespot", cache="off") as gateway:
        answer = await gateway.ask(QUESTION)
    assert "freshness" not in answer.extensions
