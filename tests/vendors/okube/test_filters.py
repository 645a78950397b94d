"""Every documented filter of the four lists, and the rows a vendor may let through that do not belong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from gateway.domain import instant
from gateway.domain.campaign import CampaignPeriod, CampaignQuery, ExtraMode, KeyValue
from gateway.domain.errors import InputError
from gateway.domain.okube_site import SiteQuery
from gateway.domain.place import SiteKind
from gateway.domain.point_of_interest import PointOfInterestQuery
from gateway.domain.study import StudyQuery
from gateway.domain.window import Days
from gateway.upstream.exchange import Ask
from gateway.vendors.okube import filters
from tests.vendors.okube.fake import CAMPAIGN, STUDY, okube, page_of

pytestmark = pytest.mark.anyio

NEW_YEAR = instant.parse("2020-01-01T00:00:00Z")
DAYS = Days(date(2019, 1, 1), date(2019, 1, 31))

SITES: list[tuple[SiteQuery, list[tuple[str, str]]]] = [
    (SiteQuery(), []),
    (SiteQuery(search="Er mou"), [("q", "Er mou")]),
    (SiteQuery(search=""), []),
    (SiteQuery(named=True), [("name", "true")]),
    (SiteQuery(active=False), [("active", "false")]),
    (SiteQuery(kind=SiteKind.ONLINE), [("online", "true")]),
    (SiteQuery(kind=SiteKind.PHYSICAL), [("online", "false")]),
    (SiteQuery(in_production=False), [("inProd", "false")]),
    (SiteQuery(has_draft=True), [("hasDraft", "true")]),
    (SiteQuery(keys=("a,b", "c", "a,b")), [("keys", "a,b"), ("keys", "c")]),
    (SiteQuery(tags=("t1", "t2")), [("tags", "t1"), ("tags", "t2")]),
]
POIS: list[tuple[PointOfInterestQuery, list[tuple[str, str]]]] = [
    (PointOfInterestQuery(search="x"), [("q", "x")]),
    (PointOfInterestQuery(named=False), [("name", "false")]),
    (PointOfInterestQuery(active=True), [("active", "true")]),
    (PointOfInterestQuery(keys=("a", "b")), [("keys", "a"), ("keys", "b")]),
    (PointOfInterestQuery(tags=("t",)), [("tags", "t")]),
]
CAMPAIGNS: list[tuple[CampaignQuery, list[tuple[str, str]]]] = [
    (CampaignQuery(), []),
    (CampaignQuery(period=CampaignPeriod.COMPUTED), [("period", "computed")]),
    (CampaignQuery(period=CampaignPeriod.DIRECT), [("period", "direct")]),
    (CampaignQuery(starts_before=NEW_YEAR), [("sb", "1577836800")]),
    (CampaignQuery(starts_after=NEW_YEAR), [("sa", "1577836800")]),
    (CampaignQuery(ends_before=NEW_YEAR), [("eb", "1577836800")]),
    (CampaignQuery(ends_after=NEW_YEAR), [("ea", "1577836800")]),
    (
        CampaignQuery(starts_before=NEW_YEAR + 1, starts_after=NEW_YEAR + 1),
        [("sb", "1577836801"), ("sa", "1577836800")],
    ),
    (CampaignQuery(days=DAYS), [("tz", "UTC"), ("from", "2019-01-01"), ("to", "2019-01-31")]),
    (CampaignQuery(timezone="Europe/Paris"), [("tz", "Europe/Paris")]),
    (
        CampaignQuery(days=DAYS, timezone="Europe/Paris"),
        [("tz", "Europe/Paris"), ("from", "2019-01-01"), ("to", "2019-01-31")],
    ),
    (CampaignQuery(keys=("324400784", "campaign_id-1234")), [("keys", "324400784"), ("keys", "campaign_id-1234")]),
    (CampaignQuery(global_only=True), [("g", "true")]),
    (CampaignQuery(search="My campaign"), [("q", "My campaign")]),
    (CampaignQuery(sites=("s1", "s2")), [("sites", "s1"), ("sites", "s2")]),
    (CampaignQuery(tags=("t",)), [("tags", "t")]),
    (CampaignQuery(levers=("l1", "l2")), [("levers", "l1"), ("levers", "l2")]),
    (CampaignQuery(provider="P"), [("provider", "P")]),
    (CampaignQuery(agency="A"), [("agency", "A")]),
    (CampaignQuery(format="F"), [("format", "F")]),
    (CampaignQuery(trigger=False), [("trigger", "false")]),
]
STUDIES: list[tuple[StudyQuery, list[tuple[str, str]]]] = [
    (StudyQuery(starts_before=NEW_YEAR, ends_after=NEW_YEAR), [("sb", "1577836800"), ("ea", "1577836800")]),
    (StudyQuery(starts_after=NEW_YEAR, ends_before=NEW_YEAR), [("sa", "1577836800"), ("eb", "1577836800")]),
    (StudyQuery(days=DAYS), [("tz", "UTC"), ("from", "2019-01-01"), ("to", "2019-01-31")]),
    (StudyQuery(keys=("k",)), [("keys", "k")]),
    (StudyQuery(global_only=False), [("g", "false")]),
    (StudyQuery(search="My study"), [("q", "My study")]),
    (StudyQuery(sites=("s",)), [("sites", "s")]),
    (StudyQuery(points_of_interest=("p1", "p2")), [("pois", "p1"), ("pois", "p2")]),
    (StudyQuery(tags=("t",)), [("tags", "t")]),
]


@pytest.mark.parametrize(("query", "pairs"), SITES)
def test_filters_of_sites_are_sent_as_documented(query: SiteQuery, pairs: list[tuple[str, str]]) -> None:
    assert filters.sites(query) == tuple(pairs)


@pytest.mark.parametrize(("query", "pairs"), POIS)
def test_filters_of_points_are_sent_as_documented(query: PointOfInterestQuery, pairs: list[tuple[str, str]]) -> None:
    assert filters.points_of_interest(query) == tuple(pairs)


@pytest.mark.parametrize(("query", "pairs"), CAMPAIGNS)
def test_filters_of_campaigns_are_sent_as_documented(query: CampaignQuery, pairs: list[tuple[str, str]]) -> None:
    sent = filters.campaigns(query)
    assert sent is not None
    assert [pair for pair in sent if pair != ("with_extra", "true")] == pairs
    assert sent.count(("with_extra", "true")) == 1


@pytest.mark.parametrize(("query", "pairs"), STUDIES)
def test_filters_of_studies_are_sent_as_documented(query: StudyQuery, pairs: list[tuple[str, str]]) -> None:
    assert filters.studies(query) == tuple(pairs)


def test_extra_fields_are_pairs_with_a_mode() -> None:
    query = CampaignQuery(extra=(KeyValue("region", "north"), KeyValue("a:b", "c")), extra_mode=ExtraMode.AND)
    assert filters.campaigns(query) == (
        ("extra", "region:north"),
        ("extra", "a:b:c"),
        ("with_extra", "true"),
        ("extra_mode", "and"),
    )


NOTHING: list[Callable[[Any], Any]] = [
    lambda records: records.sites(None, SiteQuery(keys=()), 0, 5),
    lambda records: records.sites(None, SiteQuery(tags=("",)), 0, 5),
    lambda records: records.points_of_interest(None, PointOfInterestQuery(tags=()), 0, 5),
    lambda records: records.campaigns(None, CampaignQuery(levers=()), 0, 5),
    lambda records: records.campaigns(None, CampaignQuery(extra=()), 0, 5),
    lambda records: records.campaigns(None, CampaignQuery(provider=""), 0, 5),
    lambda records: records.studies(None, StudyQuery(points_of_interest=()), 0, 5),
]


@pytest.mark.parametrize("call", NOTHING)
async def test_what_matches_nothing_costs_no_call(call: Callable[[Any], Any]) -> None:
    adapter, line = okube(lambda _: page_of(CAMPAIGN))
    page = await call(adapter.records)
    assert (page.rows, page.total, page.end) == ([], 0, True)
    assert line.asks == []


async def test_a_zone_that_is_none_is_the_callers_to_mend() -> None:
    adapter, line = okube(lambda _: page_of())
    with pytest.raises(InputError) as refusal:
        await adapter.records.campaigns(None, CampaignQuery(timezone="../etc"), 0, 5)
    assert "etc" not in str(refusal.value)
    assert line.asks == []


def days(first: str | None, last: str | None, computed: tuple[str, str] | None = None) -> dict[str, object]:
    computed_from, computed_to = computed or (None, None)
    told = {"from": first, "to": last, "computedFrom": computed_from, "computedTo": computed_to}
    return CAMPAIGN | told


@pytest.mark.parametrize(
    ("query", "row", "stays"),
    [
        (CampaignQuery(starts_before=NEW_YEAR), days("2020-01-01", None), False),
        (CampaignQuery(starts_before=NEW_YEAR), days("2019-12-31", None), True),
        (CampaignQuery(starts_after=NEW_YEAR), days("2020-01-01", None), False),
        (CampaignQuery(starts_after=NEW_YEAR), days("2020-01-02", None), True),
        (CampaignQuery(ends_before=NEW_YEAR), days(None, "2020-01-01"), False),
        (CampaignQuery(ends_before=NEW_YEAR), days(None, "2019-12-31"), True),
        (CampaignQuery(ends_after=NEW_YEAR), days(None, "2019-12-31"), False),
        (CampaignQuery(ends_after=NEW_YEAR), days(None, "2020-01-01"), True),
        (CampaignQuery(starts_before=NEW_YEAR), days(None, None), True),
        # Midnight in Paris is an hour before midnight UTC.
        (CampaignQuery(starts_before=NEW_YEAR, timezone="Europe/Paris"), days("2020-01-01", None), True),
        # What really ran, what was planned, or either where nothing says which.
        (
            CampaignQuery(starts_before=NEW_YEAR, period=CampaignPeriod.DIRECT),
            days("2020-02-01", None, ("2019-12-01", "2020-03-01")),
            False,
        ),
        (
            CampaignQuery(starts_before=NEW_YEAR, period=CampaignPeriod.COMPUTED),
            days("2020-02-01", None, ("2019-12-01", "2020-03-01")),
            True,
        ),
        (
            CampaignQuery(starts_before=NEW_YEAR),
            days("2020-02-01", None, ("2019-12-01", "2020-03-01")),
            True,
        ),
    ],
)
async def test_a_row_on_the_bound_is_sorted_out(query: CampaignQuery, row: dict[str, object], stays: bool) -> None:
    adapter, _ = okube(lambda _: page_of(row))
    page = await adapter.records.campaigns(None, query, 0, 5)
    assert len(page.rows) == stays
    assert page.total == stays  # the whole list was read, so its length is known
    assert (page.next, page.end) == (1, True)


async def test_sorting_out_keeps_positions_and_hides_a_total_that_is_not_exact() -> None:
    rows = [STUDY | {"_id": f"{n:024x}", "from": f"2020-01-0{1 + n % 2}"} for n in range(100)]
    adapter, _ = okube(lambda _: page_of(*rows, total=150, has_more=True, page_count=2))
    page = await adapter.records.studies(None, StudyQuery(starts_after=NEW_YEAR), 0, 4)
    assert page.positions == [1, 3]
    assert (page.total, page.next, page.end) == (None, 4, False)


async def test_a_list_that_one_page_holds_has_an_exact_total_whatever_part_is_asked() -> None:
    rows = [STUDY | {"_id": f"{n:024x}", "from": f"2020-01-0{1 + n % 2}"} for n in range(7)]
    adapter, line = okube(lambda _: page_of(*rows))
    page = await adapter.records.studies(None, StudyQuery(starts_after=NEW_YEAR), 2, 2)
    assert (page.positions, page.total, page.next, page.end) == ([3], 3, 4, False)
    page = await adapter.records.studies(None, StudyQuery(starts_after=NEW_YEAR), 4, 2)
    assert (page.positions, page.total, page.next, page.end) == ([5], 3, 6, True)
    assert len(line.asks) == 2


async def test_a_query_too_long_for_a_url_is_asked_in_parts() -> None:
    keys = tuple(f"key number {number:04} {'x' * 200}" for number in range(100))

    def respond(ask: Ask) -> object:
        asked = [value for name, value in ask.query if name == "keys"]
        rows = [{"_id": f"{keys.index(key):024x}", "key": key} for key in asked]
        return page_of(*rows, {"_id": "f" * 24})  # a row that every part brings

    adapter, line = okube(respond)
    page = await adapter.records.sites(None, SiteQuery(keys=keys, active=True), 10, 20)
    assert len(line.asks) == 4
    assert [value for ask in line.asks for name, value in ask.query if name == "keys"] == list(keys)
    assert all(("active", "true") in ask.query for ask in line.asks)
    assert page.total == 101
    assert page.positions == list(range(10, 30))
    assert [row.key for row in page.rows] == [*keys[10:25], None, *keys[25:29]]
    assert not page.end
