"""The cache as a whole: its modes, and what keeps one deployment's entries from another's."""

from __future__ import annotations

import pytest

from gateway.access.pseudonyms import Pseudonyms
from gateway.cache.quota import SharedQuota
from gateway.cache.rules import CounterRule, StayRule
from gateway.cache.wrap import Cache
from gateway.domain.instant import DAY, HOUR, MINUTE, SECOND
from gateway.domain.ports.supply import Supply
from gateway.domain.quota import VendorHealth, VendorState
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.settings import BespotSettings, ConfigurationError, GuestWifiSettings, Settings, load
from tests.cache.doubles import LAG, NOON, QUARTER, SETTLE, Counter, HandClock, stay

pytestmark = pytest.mark.anyio

SECTION = BespotSettings.model_validate({"base_url": "https://v.example/api", "username": "u", "password": "p"})
DAY_ASKED = Window(NOON - 3 * DAY, NOON - 2 * DAY)


class Healthy:
    async def health(self) -> VendorHealth:
        return VendorHealth(VendorState.READY)


def cache(mode: str, clock: HandClock, key: bytes = bytes(32), crosswalk: str = "", url: str = "memory://") -> Cache:
    settings = Settings.model_validate({"cache": mode, "cache_url": url})
    return Cache(settings, Pseudonyms(key), clock, crosswalk)


@pytest.mark.parametrize(("mode", "calls"), [("on", 1), ("coalesce", 2), ("off", 2)])
async def test_only_what_is_on_keeps_anything(mode: str, calls: int) -> None:
    clock = HandClock()
    inner = Counter(clock, ["A"], lambda code, minute: 1)
    made = cache(mode, clock)
    supply = made.wrapped(Supply(VendorKey.BESPOT, "Bespot", Healthy(), footfall=inner), SECTION)
    assert supply.footfall is not None
    assert supply.sessions is None
    assert (supply.footfall is inner) == (mode == "off")
    for _ in range(2):
        assert (await supply.footfall.visits(DAY_ASKED, None, None)).total == 1440
    assert inner.calls == calls
    await made.close()


async def test_credentials_crosswalks_and_pseudonym_keys_share_no_entry() -> None:
    clock = HandClock()
    other = SECTION.model_copy(update={"username": "v"})
    bounded = SECTION.model_copy(update={"timeout": 3.0})
    plain = cache("on", clock)
    marks = [
        plain._mark(SECTION, "x"),
        plain._mark(other, "x"),
        plain._mark(SECTION, "y"),
        cache("on", clock, key=b"k" * 32)._mark(SECTION, "x"),
    ]
    assert len(set(marks)) == 4
    assert plain._mark(bounded, "x") == marks[0]


async def test_quotas_are_shared_where_there_is_a_store_and_a_limit() -> None:
    clock = HandClock()
    wifi = GuestWifiSettings.model_validate({"base_url": "https://v.example", "token": "t"})
    assert cache("on", clock).quota(VendorKey.GUEST_WIFI, wifi) is None
    shared = cache("off", clock, url="redis://127.0.0.1:1/0")
    assert isinstance(shared.quota(VendorKey.GUEST_WIFI, wifi), SharedQuota)
    assert shared.quota(VendorKey.BESPOT, SECTION) is None
    await shared.close()


@pytest.mark.parametrize("url", ["redis", "redis://", "http://cache", "memcached://x:1"])
def test_a_store_of_another_kind_stops_the_start_without_an_echo(url: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        load(environment={"GATEWAY_CACHE_URL": url})
    assert "GATEWAY_CACHE_URL" in str(refusal.value)
    assert "memcached" not in str(refusal.value)


def test_a_read_of_the_counter_is_closed_settling_and_tail() -> None:
    rule, read = CounterRule(SETTLE, LAG), NOON + 7 * MINUTE
    spans = rule.spans(Window(NOON - DAY, NOON + 30 * MINUTE), read, {})
    published = NOON + QUARTER + LAG
    assert [(span.start, span.end, span.closed) for span in spans] == [
        (NOON - DAY, NOON - 30 * MINUTE, True),
        (NOON - 30 * MINUTE, NOON, False),
        (NOON, NOON + 30 * MINUTE, False),
    ]
    assert {span.until for span in spans if not span.closed} == {published}
    assert rule.reach(NOON, read) == NOON
    assert rule.reach(read, read) == NOON + 30 * MINUTE


def test_spans_of_stays_cover_their_window_without_a_gap() -> None:
    rule = StayRule(12 * HOUR, 12 * HOUR)
    body = {"A": [stay(NOON - 20 * HOUR, 1, ended=False), stay(NOON - 5 * HOUR + 1, 2, ended=False)]}
    window = Window(NOON - 2 * DAY + 3, NOON + 5 * SECOND)
    spans = rule.spans(window, NOON, body)
    assert [span.start for span in spans[1:]] == [span.end for span in spans[:-1]]
    assert (spans[0].start, spans[-1].end) == (window.start, window.end)
    assert [(span.start, span.until - NOON) for span in spans if span.until - NOON == 60 * SECOND] == [
        (NOON - 5 * HOUR, 60 * SECOND),
        (NOON - 30 * MINUTE, 60 * SECOND),
    ]
