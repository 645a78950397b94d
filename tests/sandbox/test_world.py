"""The world is one truth: the same for the same seed, true to the calendar, and silent about the future."""

from __future__ import annotations

import re
import time
import tomllib
from bisect import bisect_right
from collections import Counter
from datetime import date, timedelta

import pytest

from gateway.domain.instant import DAY, HOUR, MINUTE, SECOND
from gateway.sandbox.places import Place
from gateway.sandbox.world import World
from tests.sandbox.hands import NOON, Hands

TODAY = date(2026, 11, 2)
FRIDAY = date(2026, 10, 30)


@pytest.fixture
def world() -> World:
    return World(clock=Hands())


def site(world: World, key: str) -> Place:
    return next(place for place in world.everywhere if place.key == key)


def facts(world: World, key: str, day: date) -> list[object]:
    place = site(world, key)
    visits, occupancy = world.visits(place, day), world.occupancy(place, day)
    return [
        visits.minutes.tolist(), visits.entries.tolist(), visits.exits.tolist(),
        occupancy.minutes.tolist(), occupancy.inside.tolist(),
        [(one.session_id, one.device.device_id, one.start, one.stop) for one in world.app_sessions(place, day)],
        [(one.id, one.guest.email, one.ip, one.start, one.end, one.down) for one in world.wifi_sessions(place, day)],
    ]  # fmt: skip


def test_the_same_seed_tells_the_same_story_whatever_was_asked_before(world: World) -> None:
    for place in world.everywhere:
        world.app_sessions(place, FRIDAY - timedelta(days=1))
    later = World(days=10, stores=3, clock=Hands(NOON + DAY))
    assert facts(world, "ath-116500", FRIDAY) == facts(later, "ath-116500", FRIDAY)


def test_another_seed_tells_another_story(world: World) -> None:
    assert facts(world, "ath-116500", FRIDAY) != facts(World(seed=8, clock=Hands()), "ath-116500", FRIDAY)


def test_twelve_sites_in_three_zones_with_honest_gaps(world: World) -> None:
    assert len(world.sites) == 12
    assert {place.timezone for place in world.sites} == {"Europe/Athens", "Europe/Paris", "America/New_York"}
    assert sum(place.wifi is not None for place in world.sites) == 9
    assert [place.key for place in world.sites if not place.bespot] == ["mrs-vieux-port"]
    assert [place.key for place in world.sites if place.okube is None] == ["bos-300220"]
    assert [place.key for place in world.sites if not place.shopster] == ["nyc-300211"]
    assert [place.bespot for place in world.sites if len(place.bespot) == 2] == [("116501", "116502")]


def test_names_at_the_vendors_are_well_formed_and_never_shared() -> None:
    world = World(stores=1000, clock=Hands())
    names = Counter(
        name
        for place in world.everywhere
        for name in (*place.bespot, place.wifi, *((place.okube.id, place.okube.key) if place.okube else ()))
        if name is not None
    )
    assert set(names.values()) == {1}
    assert all(re.fullmatch(r"[0-9a-f]{24}", place.okube.id) for place in world.everywhere if place.okube)
    assert all(re.fullmatch(r"[0-9A-Za-z]{11}", place.wifi) for place in world.everywhere if place.wifi)
    ids = [thing.id for place in world.everywhere for thing in place.shopster]
    assert len(ids) == len(set(ids))
    points = [point.id for point in world.points_of_interest]
    assert len(points) == len(set(points))


def test_the_crosswalk_names_every_site_and_no_stray(world: World) -> None:
    entries = tomllib.loads(world.crosswalk_toml())["site"]
    assert [entry["key"] for entry in entries] == [place.key for place in world.sites]
    assert entries[2]["bespot"] == ["000000D"]
    assert entries[4]["okube"] == "ATH T1/Arrivals"
    assert "guest_wifi" not in entries[2]
    assert entries[6]["shopster"][1] == {"id": 2161, "kind": "floor"}
    assert not {"999001", "00009X"} & {code for entry in entries for code in entry.get("bespot", [])}


def test_a_day_lasts_25_and_23_hours_when_the_clocks_change(world: World) -> None:
    airport = site(world, "ath-100000")
    begin, end = airport.span(date(2026, 10, 25))
    assert end - begin == 25 * HOUR
    assert airport.opening(date(2026, 10, 25)) == (begin, end)
    visits = world.visits(airport, date(2026, 10, 25))
    assert begin <= visits.minutes[0] < begin + HOUR
    assert end - HOUR < visits.minutes[-1] < end
    spring, summer = airport.span(date(2026, 3, 29))
    assert summer - spring == 23 * HOUR


def test_doors_stay_shut_on_a_day_of_rest_and_at_night(world: World) -> None:
    kolonaki = site(world, "ath-000123")
    assert not world.visits(kolonaki, date(2026, 11, 1)).minutes
    assert not world.app_sessions(kolonaki, date(2026, 11, 1))
    opens, closes = kolonaki.opening(FRIDAY) or (0, 0)
    minutes = world.visits(kolonaki, FRIDAY).minutes
    assert opens <= minutes[0] < minutes[-1] < closes


def test_only_minutes_with_traffic_are_told_and_all_who_enter_leave(world: World) -> None:
    visits = world.visits(site(world, "ath-116500"), FRIDAY)
    pairs = list(zip(visits.entries, visits.exits, strict=True))
    assert all(come or gone for come, gone in pairs)
    assert sum(visits.entries) == sum(visits.exits) > 300
    assert list(visits.minutes) == sorted(set(visits.minutes))
    assert all(minute % MINUTE == 0 for minute in visits.minutes)


def test_occupancy_is_measured_every_three_to_six_minutes_near_the_truth_but_not_on_it(world: World) -> None:
    place = site(world, "ath-116500")
    measured, visits = world.occupancy(place, FRIDAY), world.visits(place, FRIDAY)
    steps = {
        (later - earlier) // MINUTE for earlier, later in zip(measured.minutes, measured.minutes[1:], strict=False)
    }
    assert steps == {3, 4, 5, 6}
    errors = []
    for minute, inside in zip(measured.minutes, measured.inside, strict=True):
        past = bisect_right(visits.minutes, minute)
        errors.append(inside - sum(visits.entries[:past]) + sum(visits.exits[:past]))
    assert max(map(abs, errors)) < 15
    assert any(errors)


def test_nothing_of_the_future_is_told(world: World) -> None:
    hands = Hands()
    world = World(clock=hands)
    place = site(world, "ath-116500")
    early = world.visits(place, TODAY), world.app_sessions(place, TODAY), world.wifi_sessions(place, TODAY)
    assert max(early[0].minutes) + MINUTE <= NOON
    assert max(one.start for one in early[1]) <= NOON
    assert max(one.start for one in early[2]) <= NOON
    hands.now += 3 * HOUR
    late = world.visits(place, TODAY)
    assert late.minutes[: len(early[0].minutes)] == early[0].minutes
    assert len(late.minutes) > len(early[0].minutes)
    assert world.app_sessions(place, TODAY)[: len(early[1])] == early[1]


def test_the_counter_publishes_every_quarter_hour_after_its_lag() -> None:
    hands = Hands()
    world = World(clock=hands, publish_lag=60)
    quarter = NOON // (15 * MINUTE) * (15 * MINUTE)
    hands.now = quarter + 59 * SECOND
    assert world.published() == quarter - 15 * MINUTE
    hands.now = quarter + 60 * SECOND
    assert world.published() == quarter
    place = site(world, "ath-116500")
    assert max(world.visits(place, TODAY, until=world.published()).minutes) < quarter


def test_sessions_end_in_their_time_and_some_never_do(world: World) -> None:
    hands = Hands()
    world = World(clock=hands)
    place = site(world, "ath-116500")
    running = [one for one in world.app_sessions(place, TODAY) if one.stop is not None and one.stop > NOON]
    assert all(world.app_stop(one) is None for one in running)
    hands.now += DAY
    assert all(world.app_stop(one) == one.stop for one in running)
    sessions = [one for day in world.days(place) for one in world.app_sessions(place, day)]
    assert 0.02 < sum(one.stop is None for one in sessions) / len(sessions) < 0.04


def test_devices_come_back_and_somebody_is_always_online(world: World) -> None:
    place = site(world, "ath-116500")
    devices = Counter(one.device.device_id for day in world.days(place) for one in world.app_sessions(place, day))
    assert len(devices) <= 400
    assert devices.most_common(1)[0][1] > 20
    for hour in range(24):
        now = NOON + hour * HOUR
        world = World(clock=Hands(now))
        online = [
            one for day in world.days(place, now - 2 * DAY) for one in world.wifi_sessions(place, day) if one.end > now
        ]
        assert len(online) >= 2


def test_the_two_doors_of_one_site_count_apart(world: World) -> None:
    place = site(world, "skg-116501")
    first, second = world.visits(place, FRIDAY, 0), world.visits(place, FRIDAY, 1)
    assert sum(first.entries) > sum(second.entries) > 0
    assert {one.door for one in world.app_sessions(place, FRIDAY)} == {0, 1}
    footfall = world.footfall(place, FRIDAY)
    assert footfall.entries == sum(first.entries) + sum(second.entries)
    assert sum(entries for _, entries in footfall.hours) == footfall.entries


def test_engagement_splits_the_same_people(world: World) -> None:
    place = site(world, "ath-116500")
    split = world.engagement(place, *place.span(FRIDAY), bounce_minutes=5, engaged_minutes=15)
    assert split.visitor.sessions == world.footfall(place, FRIDAY).entries
    assert split.visitor.sessions == split.bounced.sessions + split.half_engaged.sessions + split.engaged.sessions
    assert split.visitor.seconds == world.footfall(place, FRIDAY).seconds_inside
    assert split.all.clients == split.passer.clients + split.visitor.clients
    assert split.visitor.clients < split.visitor.sessions
    equal = world.engagement(place, *place.span(FRIDAY), bounce_minutes=10, engaged_minutes=10)
    assert equal.half_engaged.sessions == 0


def test_campaigns_lift_visits(world: World) -> None:
    campaign = next(one for one in world.campaigns if one.sites and one.ends_on < TODAY)
    place = site(world, campaign.sites[0])
    day = campaign.starts_on
    lifts = [one.lift for one in world.campaigns if one.runs(place.key, day)]
    assert campaign.lift in lifts
    assert campaign.lift > 1
    assert not campaign.runs(place.key, campaign.starts_on - timedelta(days=1))
    assert any(one.starts_on <= TODAY <= one.ends_on for one in world.campaigns)
    assert len({one.id for one in world.campaigns}) == len(world.campaigns)


def test_every_personal_value_is_a_canary(world: World) -> None:
    places = [place for place in world.everywhere if place.wifi]
    guests = [one for place in places for one in world.wifi_sessions(place, FRIDAY)]
    assert all(re.fullmatch(r"canary\.\d{6}@example\.com", one.guest.email) for one in guests)
    assert all(re.fullmatch(r"[A-Z][a-z]+ Canary-\d{6}", one.guest.name) for one in guests)
    assert all(re.fullmatch(r"02:ca:9a(:[0-9a-f]{2}){3}", one.guest.mac) for one in guests)
    assert all(re.fullmatch(r"gCa\w{8}", one.guest.guest_id) for one in guests)
    assert all(re.fullmatch(r"CAN[0-9A-F]{5}", one.guest.username) for one in guests)
    assert all(one.ip.startswith("172.31.") and one.guest.yas_id.startswith("ca9d") for one in guests)
    assert {one.access_code[:7] for one in guests} == {"", "CANARY-"}
    devices = [one.device for place in world.everywhere for one in world.app_sessions(place, FRIDAY)]
    assert all(one.device_id.startswith("ca9a") and one.user_id[:4] in ("", "ca9e") for one in devices)
    assert "" in {one.user_id for one in devices}


def test_history_begins_where_it_was_told_to(world: World) -> None:
    place = site(world, "nyc-300210")
    days = world.days(place)
    assert (days[0], days[-1], len(days)) == (date(2026, 9, 3), date(2026, 11, 2), 61)
    assert world.days(place, NOON + DAY) == []
    assert world.days(place, end=NOON - 90 * DAY) == []
    begin, end = place.span(FRIDAY)
    assert world.days(place, begin, end) == [FRIDAY]


def test_a_world_is_made_at_once_and_a_day_of_a_site_is_cheap() -> None:
    start = time.process_time()
    world = World(clock=Hands())
    made = time.process_time()
    for place in world.everywhere:
        for day in world.days(place, NOON - 10 * DAY):
            world.visits(place, day)
    drawn = time.process_time()
    assert made - start < 0.5
    assert (drawn - made) / (14 * 11) < 0.02  # about a millisecond on a quiet machine
