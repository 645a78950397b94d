"""The document's samples, with their collapsed members filled in, as records; and what drifts, named by member."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gateway.domain.application import Application
from gateway.domain.campaign import Campaign, KeyValue, Lever
from gateway.domain.errors import Malformed, Rejected
from gateway.domain.okube_site import OkubeSite, SiteQuery
from gateway.domain.place import Coordinates, SiteKind
from gateway.domain.point_of_interest import PointOfInterest
from gateway.domain.study import Study
from tests.vendors.okube.fake import CAMPAIGN, ID, OTHER, POI, SITE, STUDY, okube, page_of

pytestmark = pytest.mark.anyio


async def site(**members: object) -> OkubeSite:
    adapter, _ = okube(lambda _: SITE | members)
    found = await adapter.records.site(None, ID)
    assert found is not None
    return found


async def campaign(**members: object) -> Campaign:
    adapter, _ = okube(lambda _: CAMPAIGN | members)
    found = await adapter.records.campaign(None, ID)
    assert found is not None
    return found


async def test_the_sample_site_is_read_whole() -> None:
    assert await site() == OkubeSite(
        id=ID,
        key="my-site",
        keys=("116500", "shop/7"),
        application=ID,
        name="My site",
        description="My site description",
        active=True,
        kind=None,
        tags=("flagship",),
        timezone=None,
        address={"street": "Ermou", "city": "Athens"},
        coordinates=Coordinates(latitude=37.97, longitude=23.73),
        openings={"monday": ["09:00-21:00"]},
        created_at="2019-03-28T09:25:15Z",
        updated_at="2019-03-28T09:25:15Z",
    )
    assert (await site()).every_key == ("my-site", "116500", "shop/7")


async def test_the_sample_point_of_interest_is_read_whole() -> None:
    adapter, _ = okube(lambda _: POI)
    assert await adapter.records.point_of_interest(None, ID) == PointOfInterest(
        id=ID,
        application=ID,
        key="my-poi",
        name="My Point of interest",
        description="My Point of interest description",
        active=True,
        tags=("station",),
        timezone="Europe/Paris",
        coordinates=Coordinates(latitude=48.85, longitude=2.35),
        address={"city": "Paris"},
        radius_meters=70.0,
        indoor_indexes={"12": ["8c1fb46741ae9ff"]},
        outdoor_indexes={},
        created_at="2019-03-28T09:25:15Z",
        updated_at="2019-03-28T09:25:15Z",
    )


async def test_the_sample_campaign_is_read_whole() -> None:
    day = date(2019, 3, 28)
    assert await campaign() == Campaign(
        id=ID,
        key="my-campaign",
        application=ID,
        name="Campaign display name",
        description="Campaign description",
        tags=("spring",),
        starts_on=day,
        ends_on=day,
        computed_starts_on=day,
        computed_ends_on=day,
        lever=Lever(OTHER, "Display in app", trigger=False),
        provider="Provider1",
        agency="Agency1",
        format="Format1",
        extra=(KeyValue("region", "north"),),
        costs=({"amount": 12.5},),
        sites=(ID, "shop/7"),
    )


async def test_the_sample_study_is_read_whole() -> None:
    day = date(2019, 3, 28)
    adapter, _ = okube(lambda _: STUDY)
    assert await adapter.records.study(None, ID) == Study(
        id=ID,
        key="my-study",
        application=ID,
        name="Study display name",
        description="Study description",
        tags=("area",),
        starts_on=day,
        ends_on=day,
        sites=(ID,),
        points_of_interest=(OTHER,),
    )


async def test_the_samples_exactly_as_printed_are_read_too() -> None:
    found = await site(coordinates=[], tags=[], keys=[], address={}, openings={})
    assert (found.coordinates, found.tags, found.keys) == (None, (), ())
    ran = await campaign(sites=[], tags=[], extra=[], costs=[])
    assert (ran.sites, ran.extra, ran.costs) == ((), (), ())


async def test_only_the_id_is_needed() -> None:
    adapter, _ = okube(lambda _: {"_id": ID})
    assert await adapter.records.site(None, ID) == OkubeSite(ID)
    assert await adapter.records.point_of_interest(None, ID) == PointOfInterest(ID)
    assert await adapter.records.campaign(None, ID) == Campaign(ID, key=ID)
    assert await adapter.records.study(None, ID) == Study(ID, key=ID)
    assert await adapter.records.application("my-app") == Application(ID)


async def test_every_member_may_be_null() -> None:
    adapter, _ = okube(lambda _: dict.fromkeys(SITE | POI | CAMPAIGN | STUDY) | {"_id": ID})
    assert await adapter.records.site(None, ID) == OkubeSite(ID)
    assert await adapter.records.campaign(None, ID) == Campaign(ID, key=ID)
    assert await adapter.records.study(None, ID) == Study(ID, key=ID)


async def test_unknown_members_are_ignored_and_those_written_are_read_should_they_come() -> None:
    found = await site(shoeSize=42, timezone="Europe/Athens", online=True)
    assert (found.timezone, found.kind) == ("Europe/Athens", SiteKind.ONLINE)


async def test_a_zone_this_machine_does_not_have_is_no_zone() -> None:
    assert (await site(timezone="Mars/Base")).timezone is None
    assert (await site(timezone="/etc/passwd")).timezone is None


async def test_the_filter_tells_the_kind_that_the_documents_do_not_carry() -> None:
    adapter, _ = okube(lambda _: page_of(SITE))
    assert (await adapter.records.sites(None, SiteQuery(kind=SiteKind.ONLINE), 0, 1)).rows[0].kind is SiteKind.ONLINE
    assert (await adapter.records.sites(None, SiteQuery(kind=SiteKind.PHYSICAL), 0, 1)).rows[
        0
    ].kind is SiteKind.PHYSICAL
    assert (await adapter.records.sites(None, SiteQuery(), 0, 1)).rows[0].kind is None


async def test_the_order_of_coordinates_can_be_set() -> None:
    adapter, _ = okube(lambda _: SITE | {"coordinates": [37.97, 23.73]}, coordinates="lat,lng")
    found = await adapter.records.site(None, ID)
    assert found is not None
    assert found.coordinates == Coordinates(latitude=37.97, longitude=23.73)


@pytest.mark.parametrize(
    ("extra", "pairs"),
    [
        ({"region": "north", "n": 1}, (KeyValue("region", "north"), KeyValue("n", 1))),
        ([{"key": "region", "value": None}], (KeyValue("region", None),)),
        ([{"name": "region", "value": 3}], (KeyValue("region", 3),)),
        (
            [{"region": "north"}, {"a": 1, "b": [2]}],
            (KeyValue("region", "north"), KeyValue("a", 1), KeyValue("b", [2])),
        ),
        (["region:north:east", "alone"], (KeyValue("region", "north:east"), KeyValue("alone", None))),
        ({"key": "k", "value": "v"}, (KeyValue("key", "k"), KeyValue("value", "v"))),
        (None, ()),
    ],
)
async def test_extra_fields_are_read_in_every_shape(extra: object, pairs: tuple[KeyValue, ...]) -> None:
    assert (await campaign(extra=extra)).extra == pairs


async def test_references_may_be_ids_keys_or_records() -> None:
    sites = [ID, "key/1", {"_id": OTHER, "key": "k"}, {"key": "only"}]
    assert (await campaign(sites=sites)).sites == (ID, "key/1", OTHER, "only")
    assert (await campaign(sites=None)).sites is None


async def test_a_lever_may_be_absent_or_a_record() -> None:
    none = {"lever": None, "_cachedLeverName": None, "_cachedLeverTrigger": None}
    assert (await campaign(**none)).lever is None
    assert (await campaign(**none | {"_cachedLeverTrigger": True})).lever == Lever(None, None, trigger=True)
    assert (await campaign(lever={"_id": OTHER})).lever == Lever(OTHER, "Display in app", trigger=False)


DRIFTS: list[tuple[dict[str, Any], str]] = [
    ({"_id": None}, "$.documents[0]._id"),
    ({"_id": ""}, "$.documents[0]._id"),
    ({"_id": 5}, "$.documents[0]._id"),
    ({"name": 5}, "$.documents[0].name"),
    ({"tags": "flagship"}, "$.documents[0].tags"),
    ({"tags": [1]}, "$.documents[0].tags[...]"),
    ({"active": "true"}, "$.documents[0].active"),
    ({"createdAt": "yesterday"}, "$.documents[0].createdAt"),
    ({"createdAt": "2019-03-28T09:25:15"}, "$.documents[0].createdAt"),
    ({"coordinates": [1]}, "$.documents[0].coordinates"),
    ({"coordinates": [1, 2, 3]}, "$.documents[0].coordinates"),
    ({"coordinates": [37.97, 123.73]}, "$.documents[0].coordinates"),
    ({"coordinates": ["1", "2"]}, "$.documents[0].coordinates[0]"),
]


@pytest.mark.parametrize(
    "told",
    ["2019-03-28T09:25:15.000Z", "2019-03-28T09:25:15+0000", "2019-03-28T11:25:15+02:00", "2019-03-28 09:25:15Z"],
)
async def test_an_instant_with_an_offset_is_read_however_it_is_written(told: str) -> None:
    adapter, _ = okube(lambda _: page_of(SITE | {"createdAt": told}))
    page = await adapter.records.sites(None, SiteQuery(), 0, 1)
    assert page.rows[0].created_at == "2019-03-28T09:25:15Z"


@pytest.mark.parametrize(("members", "member"), DRIFTS)
async def test_a_document_that_drifts_is_malformed_and_says_where(members: dict[str, Any], member: str) -> None:
    adapter, _ = okube(lambda _: page_of(SITE | members))
    with pytest.raises(Malformed) as drift:
        await adapter.records.sites(None, SiteQuery(), 0, 1)
    assert drift.value.member is not None
    assert drift.value.member.replace("[0]", "[...]") == member.replace("[0]", "[...]")


@pytest.mark.parametrize(
    ("members", "member"),
    [
        ({"from": "28/03/2019"}, "$.from"),
        ({"computedTo": 5}, "$.computedTo"),
        ({"sites": [5]}, "$.sites[0]"),
        ({"sites": [{}]}, "$.sites[0]"),
        ({"sites": "x"}, "$.sites"),
        ({"extra": [5]}, "$.extra[0]"),
        ({"extra": "x"}, "$.extra"),
        ({"lever": 5}, "$.lever"),
    ],
)
async def test_a_campaign_that_drifts_is_malformed_and_says_where(members: dict[str, Any], member: str) -> None:
    with pytest.raises(Malformed) as drift:
        await campaign(**members)
    assert drift.value.member == member


@pytest.mark.parametrize(
    "answer",
    [
        [SITE],
        {"documents": [SITE]},
        {"_$paginated": page_of()["_$paginated"]},
        {"documents": SITE, "_$paginated": page_of()["_$paginated"]},
        {"documents": [SITE], "_$paginated": {"total": 1, "page": "1", "has_more": False}},
        {"documents": [SITE], "_$paginated": {"page": 1, "has_more": False}},
        {"error": "down for maintenance"},
        b"",
        b"<html></html>",
        b'{"documents": [',
        None,
    ],
)
async def test_a_list_of_another_shape_is_never_an_empty_list(answer: object) -> None:
    adapter, _ = okube(lambda _: answer)
    with pytest.raises(Malformed):
        await adapter.records.sites(None, SiteQuery(), 0, 1)


async def test_a_record_that_is_not_there_is_none_and_any_other_refusal_is_raised() -> None:
    adapter, _ = okube(lambda _: (404, {"message": "no such site"}))
    assert await adapter.records.site(None, ID) is None
    assert await adapter.records.point_of_interest(None, "k") is None
    adapter, _ = okube(lambda _: (403, {"message": "no"}))
    with pytest.raises(Rejected):
        await adapter.records.site(None, ID)


async def test_another_record_than_the_one_asked_is_malformed() -> None:
    adapter, _ = okube(lambda _: SITE)
    with pytest.raises(Malformed) as drift:
        await adapter.records.site(None, OTHER)
    assert drift.value.member == "$._id"
    assert (await adapter.records.site(None, ID.upper())) is not None
