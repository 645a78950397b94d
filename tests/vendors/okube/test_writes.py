"""What is written to Okube: bodies, forms, checks before asking, and what comes back for each draft."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gateway.domain.campaign import CampaignDraft
from gateway.domain.errors import Malformed, Rejected, WriteOutcomeUnknown
from gateway.domain.files import CsvEncoding, File
from gateway.domain.okube_site import SiteColumns, SiteDraft, SiteImport
from gateway.domain.place import Coordinates, SiteKind
from gateway.domain.point_of_interest import PointOfInterestDraft
from gateway.domain.study import StudyDraft
from gateway.domain.vendor import VendorKey
from gateway.domain.writing import Imported, UserError, UserErrorCode
from gateway.upstream.exchange import Ask
from tests.vendors.okube.fake import CAMPAIGN, ID, OTHER, POI, SITE, STUDY, body, form, okube, page_of

pytestmark = pytest.mark.anyio

PICTURE = File('pic"ture\r\n.png', "image/png", b"\x89PNG\r\n--x")
FULL_SITE = SiteDraft(
    key="my-site",
    keys=("116500", "7"),
    name="My site",
    kind=SiteKind.PHYSICAL,
    active=True,
    description="My description",
    floors=1,
    tags=("flagship",),
    timezone="Europe/Paris",
    phone_number="+33123456789",
    delivery_contact={"name": "N"},
    modules={"presence": True},
    address={"city": "Paris"},
    coordinates=Coordinates(latitude=48.85, longitude=2.35),
)


def codes(errors: tuple[UserError, ...]) -> list[tuple[str, tuple[str, ...]]]:
    return [(error.code.value, error.path) for error in errors]


async def test_a_site_is_created_with_every_member_under_the_vendors_names() -> None:
    adapter, line = okube(lambda _: (201, SITE))
    written = await adapter.writes.create_site(None, FULL_SITE)
    assert written.record is not None
    assert (written.record.id, written.errors) == (ID, ())
    assert body(line.asks[0]) == {
        "key": "my-site",
        "keys": ["116500", "7"],
        "active": True,
        "description": "My description",
        "level": 1,
        "name": "My site",
        "tags": ["flagship"],
        "timezone": "Europe/Paris",
        "phoneNumber": "+33123456789",
        "deliveryContact": {"name": "N"},
        "modules": {"presence": True},
        "online": False,
        "address": {"city": "Paris"},
        "coordinates": [2.35, 48.85],
    }


async def test_a_thumbnail_makes_a_form_that_nothing_breaks_out_of() -> None:
    adapter, line = okube(lambda _: SITE)
    draft = SiteDraft(
        name="A",
        keys=("1", "2"),
        kind=SiteKind.ONLINE,
        floors=2,
        address={"city": "Paris", "lines": [{"a": 1}]},
        coordinates=Coordinates(48.5, 2.5),
        thumbnail=PICTURE,
    )
    assert (await adapter.writes.create_site(None, draft)).errors == ()
    assert form(line.asks[0]) == [
        ("keys", "1"),
        ("keys", "2"),
        ("level", "2"),
        ("name", "A"),
        ("online", "true"),
        ("address[city]", "Paris"),
        ("address[lines][0][a]", "1"),
        ("coordinates", "2.5"),
        ("coordinates", "48.5"),
        ("thumbnail", PICTURE.content),
    ]
    assert b'filename="pic%22ture.png"\r\nContent-Type: image/png\r\n' in (line.asks[0].body or b"")


async def test_a_content_type_that_is_none_is_not_passed_on() -> None:
    adapter, line = okube(lambda _: SITE)
    odd = File("x", "image/png\r\nX-Evil: 1", b"x")
    await adapter.writes.update_site(None, ID, SiteDraft(thumbnail=odd))
    assert b"Evil" not in (line.asks[0].body or b"")
    assert b"application/octet-stream" in (line.asks[0].body or b"")
    assert line.asks[0].method == "PATCH"


async def test_an_update_leaves_absent_members_alone_and_clears_nulls() -> None:
    adapter, line = okube(
        lambda ask: {"sites": SITE, "pois": POI, "campaigns": CAMPAIGN}.get(ask.path.split("/")[-2], STUDY)
    )
    await adapter.writes.update_site(None, ID, SiteDraft(description=None, tags=(), active=None, phone_number=None))
    await adapter.writes.update_point_of_interest(
        None,
        ID,
        PointOfInterestDraft(name=None, coordinates=None, radius_meters=None, indoor_indexes=None, address=None),
    )
    await adapter.writes.update_campaign(
        None, ID, CampaignDraft(starts_on=date(2019, 3, 20), ends_on=None, extra=None, tags=None, sites=(), costs=None)
    )
    await adapter.writes.update_study(None, ID, StudyDraft(name=None, sites=None, points_of_interest=("p",)))
    assert [body(ask) for ask in line.asks] == [
        {"active": None, "description": None, "tags": None, "phoneNumber": None},
        {"name": None, "coordinates": None, "address": None, "radius": None, "indoorIndexes": None},
        {"from": "2019-03-20", "to": None, "extra": None, "tags": None, "sites": [], "costs": None},
        {"name": None, "sites": None, "pois": ["p"]},
    ]


async def test_on_creation_a_null_is_an_absent_member() -> None:
    adapter, line = okube(lambda _: CAMPAIGN)
    draft = CampaignDraft(
        key="my-campaign", name=None, starts_on=None, sites=(), costs=({"amount": 1},), extra={"a": 1}
    )
    await adapter.writes.create_campaigns(None, [draft])
    assert body(line.asks[0]) == {"key": "my-campaign", "extra": {"a": 1}, "sites": [], "costs": [{"amount": 1}]}


SITE_FAULTS: list[tuple[dict[str, Any], list[tuple[str, tuple[str, ...]]]]] = [
    ({}, [("REQUIRED", ("name",))]),
    ({"name": None}, [("REQUIRED", ("name",))]),
    ({"name": "A", "key": ""}, [("INVALID", ("key",))]),
    ({"name": "A", "key": "a\x07"}, [("INVALID", ("key",))]),
    ({"name": "A", "key": "x" * 251}, [("INVALID", ("key",))]),
    ({"name": "A", "keys": ("a", "")}, [("INVALID", ("keys", "1"))]),
    ({"name": "A", "keys": tuple(map(str, range(11)))}, [("TOO_MANY", ("keys",))]),
    ({"name": "A", "keys": ("a", "a")}, [("CONFLICT", ("keys",))]),
    ({"name": "A", "description": "", "timezone": ""}, [("INVALID", ("description",)), ("INVALID", ("timezone",))]),
    ({"name": "A", "delivery_contact": "x"}, [("INVALID", ("deliveryContact",))]),
    ({"name": "A", "coordinates": Coordinates(91, 0)}, [("OUT_OF_RANGE", ("coordinates", "latitude"))]),
    ({"name": "A", "coordinates": Coordinates(0, -181)}, [("OUT_OF_RANGE", ("coordinates", "longitude"))]),
    ({"name": "A", "thumbnail": File("x", "image/png", b"")}, [("INVALID", ("thumbnail",))]),
]


@pytest.mark.parametrize(("members", "faults"), SITE_FAULTS)
async def test_a_draft_the_document_rules_out_costs_no_call(members: dict[str, Any], faults: list[Any]) -> None:
    adapter, line = okube(lambda _: SITE)
    written = await adapter.writes.create_site(None, SiteDraft(**members))
    assert codes(written.errors) == faults
    assert written.record is None
    assert line.asks == []


@pytest.mark.parametrize("member", ["key", "keys", "name", "kind", "floors", "timezone", "delivery_contact", "modules"])
async def test_what_the_vendor_never_takes_as_null_is_refused_before_asking(member: str) -> None:
    adapter, line = okube(lambda _: SITE)
    written = await adapter.writes.update_site(None, ID, SiteDraft(**{member: None}))
    graph_name = {"delivery_contact": "deliveryContact"}.get(member, member)
    assert codes(written.errors) == [("INVALID", (graph_name,))]
    assert line.asks == []


async def test_a_form_cannot_clear_anything() -> None:
    adapter, line = okube(lambda _: SITE)
    written = await adapter.writes.update_site(None, ID, SiteDraft(thumbnail=PICTURE, description=None, tags=()))
    assert codes(written.errors) == [("INVALID", ("description",)), ("INVALID", ("tags",))]
    assert line.asks == []


async def test_points_and_days_have_their_bounds() -> None:
    adapter, line = okube(lambda _: POI)
    draft = PointOfInterestDraft(radius_meters=301.0)
    assert codes((await adapter.writes.create_point_of_interest(None, draft)).errors) == [
        ("REQUIRED", ("name",)),
        ("REQUIRED", ("coordinates",)),
        ("OUT_OF_RANGE", ("radiusMeters",)),
    ]
    zero = await adapter.writes.update_point_of_interest(None, ID, PointOfInterestDraft(radius_meters=0))
    assert codes(zero.errors) == [("OUT_OF_RANGE", ("radiusMeters",))]
    backwards = CampaignDraft(starts_on=date(2020, 1, 2), ends_on=date(2020, 1, 1))
    assert codes((await adapter.writes.update_campaign(None, ID, backwards)).errors) == [("INVALID", ("endsOn",))]
    assert line.asks == []


async def test_several_are_sent_as_a_list_and_matched_by_key() -> None:
    one, two = CAMPAIGN | {"_id": ID, "key": "one"}, CAMPAIGN | {"_id": OTHER, "key": "two"}
    adapter, line = okube(lambda _: [two, one])
    drafts = [CampaignDraft(key="one"), CampaignDraft(), CampaignDraft(key="two"), CampaignDraft(key="one")]
    written = await adapter.writes.create_campaigns(None, drafts)
    assert [record and record.id for record in written.records] == [ID, None, OTHER, None]
    assert codes(written.errors) == [("REQUIRED", ("campaigns", "1", "key")), ("CONFLICT", ("campaigns", "3", "key"))]
    assert body(line.asks[0]) == [{"key": "one"}, {"key": "two"}]


@pytest.mark.parametrize(
    "answer",
    [
        [STUDY | {"key": "one"}, {"message": "key is taken", "path": ["key"]}],
        {"documents": [STUDY | {"key": "one"}, {"error": {"message": "key is taken", "field": "key"}}]},
    ],
)
async def test_an_item_refused_beside_others_is_null_with_the_vendors_words(answer: object) -> None:
    adapter, _ = okube(lambda _: answer)
    written = await adapter.writes.create_studies(None, [StudyDraft(key="one"), StudyDraft(key="two")])
    assert [record and record.key for record in written.records] == ["one", None]
    assert written.errors == (UserError(UserErrorCode.REFUSED, "key is taken", ("studies", "1", "key")),)


async def test_an_item_the_vendor_does_not_mention_is_null_with_an_error() -> None:
    adapter, _ = okube(lambda _: STUDY | {"key": "two"})
    written = await adapter.writes.create_studies(None, [StudyDraft(key="one"), StudyDraft(key="two")])
    assert [record and record.key for record in written.records] == [None, "two"]
    assert codes(written.errors) == [("REFUSED", ("studies", "0"))]


async def test_a_refused_list_says_so_of_every_item_in_the_callers_own_numbers() -> None:
    adapter, _ = okube(lambda _: (422, {"errors": [{"path": "[1].from", "message": "is no day"}]}))
    drafts = [CampaignDraft(), CampaignDraft(key="one"), CampaignDraft(key="two")]
    written = await adapter.writes.create_campaigns(None, drafts)
    assert written.records == [None, None, None]
    assert codes(written.errors) == [
        ("REQUIRED", ("campaigns", "0", "key")),
        ("REFUSED", ("campaigns", "1")),
        ("REFUSED", ("campaigns", "2", "startsOn")),
    ]


async def test_no_drafts_are_no_call() -> None:
    adapter, line = okube(lambda _: [])
    written = await adapter.writes.create_campaigns(None, [])
    assert (written.records, written.errors, line.asks) == ([], (), [])


async def test_a_write_answered_without_a_body_is_read_back() -> None:
    def respond(ask: Ask) -> object:
        if ask.method != "GET":
            return 204, b""
        return page_of(CAMPAIGN) if ask.query else SITE

    adapter, line = okube(respond)
    site = await adapter.writes.update_site(None, ID, SiteDraft(name="S"))
    campaigns = await adapter.writes.create_campaigns(None, [CampaignDraft(key="my-campaign")])
    assert site.record is not None
    assert [record and record.id for record in campaigns.records] == [ID]
    assert [ask.method for ask in line.asks] == ["PATCH", "GET", "POST", "GET"]
    with pytest.raises(Malformed):
        await adapter.writes.create_site(None, SiteDraft(name="no key to find it by"))


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refusal_that_no_input_mends_is_raised(status: int) -> None:
    adapter, line = okube(lambda _: (status, {"message": "no"}))
    with pytest.raises(Rejected):
        await adapter.writes.create_site(None, SiteDraft(name="S"))
    with pytest.raises(Rejected):
        await adapter.writes.create_campaigns(None, [CampaignDraft(key="k")])
    assert len(line.asks) == 2


async def test_an_unknown_outcome_is_raised_and_nothing_repeated() -> None:
    adapter, line = okube(lambda _: WriteOutcomeUnknown(VendorKey.OKUBE, "perhaps"))
    with pytest.raises(WriteOutcomeUnknown):
        await adapter.writes.create_campaigns(None, [CampaignDraft(key="k")])
    assert len(line.asks) == 1


async def test_what_the_vendor_does_not_know_is_not_found() -> None:
    adapter, _ = okube(lambda _: (404, {"message": "no"}))
    assert codes((await adapter.writes.update_study(None, ID, StudyDraft(name="S"))).errors) == [("NOT_FOUND", ("id",))]
    created = await adapter.writes.create_site("other", SiteDraft(name="S"))
    assert codes(created.errors) == [("NOT_FOUND", ("application",))]
    several = await adapter.writes.create_studies("other", [StudyDraft(key="a"), StudyDraft(key="b")])
    assert codes(several.errors) == [("NOT_FOUND", ("application",))]


async def test_an_import_carries_its_mapper() -> None:
    adapter, line = okube(lambda _: {"created": 3})
    what = SiteImport(
        File("sites.csv", "text/csv", b"Nom;Ville\n"),
        SiteColumns(id=True, key="Clé", additional_keys="Codes", name="Nom", city="Ville", contact_email="Mail"),
        CsvEncoding.WINDOWS_1252,
        ";",
    )
    assert await adapter.writes.import_sites(None, what) == Imported(accepted=True, result={"created": 3})
    assert form(line.asks[0]) == [
        ("encoding", "windows-1252"),
        ("delimiter", ";"),
        ("mapper[id]", "true"),
        ("mapper[key]", "Clé"),
        ("mapper[additional_keys]", "Codes"),
        ("mapper[name]", "Nom"),
        ("mapper[city]", "Ville"),
        ("mapper[contact_email]", "Mail"),
        ("file", b"Nom;Ville\n"),
    ]


@pytest.mark.parametrize(("answer", "result"), [((204, b""), None), (b"3 rows", "3 rows"), (b"[1]", [1])])
async def test_whatever_an_accepted_import_answers_is_passed_on(answer: object, result: object) -> None:
    adapter, _ = okube(lambda _: answer)
    imported = await adapter.writes.import_points_of_interest(None, File("p.csv", "text/csv", b"x"))
    assert imported == Imported(accepted=True, result=result)


async def test_a_refused_import_points_at_the_mapper() -> None:
    adapter, line = okube(lambda _: (422, {"errors": {"mapper[street_number]": ["names no column"]}}))
    what = SiteImport(File("s.csv", "text/csv", b"x"), SiteColumns(street_number="No"))
    imported = await adapter.writes.import_sites(None, what)
    assert (imported.accepted, codes(imported.errors)) == (False, [("REFUSED", ("mapper", "streetNumber"))])
    empty = await adapter.writes.import_sites(
        None, SiteImport(File("s.csv", "text/csv", b""), SiteColumns(), delimiter="")
    )
    assert codes(empty.errors) == [("INVALID", ("file",)), ("INVALID", ("delimiter",))]
    assert len(line.asks) == 1


def test_a_file_never_shows_its_content() -> None:
    assert repr(File("salaries.csv", "text/csv", b"secret")) == "File(6 bytes)"
