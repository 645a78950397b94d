"""Golden requests of every operation of the document, and the table of routes they come from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from urllib.parse import unquote

import pytest

from gateway.domain.campaign import CampaignDraft, CampaignQuery
from gateway.domain.errors import InputError
from gateway.domain.files import CsvEncoding, CsvList, File
from gateway.domain.kpi import (
    ConversionKpi,
    ConversionScope,
    GeoMarketingKpi,
    GeoMarketingScope,
    KpiAsk,
    KpiModule,
    PresenceKpi,
    PresenceScope,
)
from gateway.domain.okube_site import SiteColumns, SiteDraft, SiteImport, SiteQuery
from gateway.domain.place import Coordinates, SiteKind
from gateway.domain.point_of_interest import PointOfInterestDraft, PointOfInterestQuery
from gateway.domain.study import StudyDraft, StudyQuery
from gateway.domain.window import Days
from gateway.settings import ConfigurationError
from gateway.upstream.exchange import Ask
from gateway.vendors.okube import routes
from gateway.vendors.okube.adapter import Okube
from tests.vendors.okube.fake import CAMPAIGN, ID, OTHER, POI, SITE, STUDY, okube, page_of

pytestmark = pytest.mark.anyio

DAYS = Days(date(2022, 1, 15), date(2022, 2, 15))
PAGE = (("page", "1"), ("per_page", "100"))
PERIOD = (("from", "2022-01-15"), ("to", "2022-02-15"))
CSV = File("sites.csv", "text/csv", b"name\nOne\n")
APP = "/applications/my-app"


def kpi(module: KpiModule, kpi: Any, scope: Any, site: str | None) -> KpiAsk:
    study = OTHER if module is KpiModule.GEO_MARKETING else None
    return KpiAsk(module, DAYS, (kpi,), (scope,), site=site, study=study)


def geo(site: str | None) -> KpiAsk:
    return kpi(KpiModule.GEO_MARKETING, GeoMarketingKpi.ACQUISITION, GeoMarketingScope.GLOBAL, site)


def conversion(site: str | None) -> KpiAsk:
    return kpi(KpiModule.CONVERSION, ConversionKpi.CTR, ConversionScope.GLOBAL, site)


def presence(site: str | None) -> KpiAsk:
    return kpi(KpiModule.PRESENCE, PresenceKpi.SESSIONS, PresenceScope.GLOBAL, site)


def answered(name: str) -> list[object]:
    return [{"kpi": name, "scope": "globals", "granularity": "day", "data": {"all": 1}}]


Call = Callable[[Okube], Awaitable[object]]
UPLIFT = (*PERIOD, ("uplift", "true"))
EXTRA = (*PAGE, ("with_extra", "true"))
POI_DRAFT = PointOfInterestDraft(name="P", coordinates=Coordinates(48.85, 2.35))
ONE_SITE = "/applications/my-app/sites/my%20site%2F7"

# Every operation of the document but the login: what is called, what is answered, what must have been asked.
OPERATIONS: dict[str, tuple[Call, object, str, str, tuple[tuple[str, str], ...]]] = {
    "geo app": (
        lambda o: o.analytics.kpis(geo(None)),
        answered("acquisition"),
        "POST",
        f"{APP}/studies/{OTHER}/geo-marketing/analytics",
        UPLIFT,
    ),
    "geo site": (
        lambda o: o.analytics.kpis(geo("my site/7")),
        answered("acquisition"),
        "POST",
        f"{ONE_SITE}/studies/{OTHER}/geo-marketing/analytics",
        UPLIFT,
    ),
    "conversion app": (
        lambda o: o.analytics.kpis(conversion(None)),
        answered("ctr"),
        "POST",
        f"{APP}/conversions/levers/analytics",
        UPLIFT,
    ),
    "conversion site": (
        lambda o: o.analytics.kpis(conversion("my site/7")),
        answered("ctr"),
        "POST",
        f"{ONE_SITE}/conversions/levers/analytics",
        UPLIFT,
    ),
    "presence app": (
        lambda o: o.analytics.kpis(presence(None)),
        answered("sessions"),
        "POST",
        f"{APP}/presence/analytics",
        PERIOD,
    ),
    "presence site": (
        lambda o: o.analytics.kpis(presence("my site/7")),
        answered("sessions"),
        "POST",
        f"{ONE_SITE}/presence/analytics",
        PERIOD,
    ),
    "list sites": (lambda o: o.records.sites(None, SiteQuery(), 0, 5), page_of(SITE), "GET", f"{APP}/sites", PAGE),
    "create site": (lambda o: o.writes.create_site(None, SiteDraft(name="S")), SITE, "POST", f"{APP}/sites", ()),
    "get site": (lambda o: o.records.site(None, ID), SITE, "GET", f"{APP}/sites/{ID}", ()),
    "update site": (
        lambda o: o.writes.update_site(None, ID, SiteDraft(name="S")),
        SITE,
        "PATCH",
        f"{APP}/sites/{ID}",
        (),
    ),
    "import sites": (
        lambda o: o.writes.import_sites(None, SiteImport(CSV, SiteColumns(name="name"))),
        {},
        "POST",
        f"{APP}/sites/import",
        (),
    ),
    "list pois": (
        lambda o: o.records.points_of_interest(None, PointOfInterestQuery(), 0, 5),
        page_of(POI),
        "GET",
        f"{APP}/pois",
        PAGE,
    ),
    "create poi": (lambda o: o.writes.create_point_of_interest(None, POI_DRAFT), POI, "POST", f"{APP}/pois", ()),
    "import pois": (lambda o: o.writes.import_points_of_interest(None, CSV), {}, "POST", f"{APP}/pois", ()),
    "get poi": (lambda o: o.records.point_of_interest(None, "é"), POI, "GET", f"{APP}/pois/%C3%A9", ()),
    "update poi": (
        lambda o: o.writes.update_point_of_interest(None, ID, PointOfInterestDraft(name="P")),
        POI,
        "PATCH",
        f"/pois/{ID}",
        (),
    ),
    "list campaigns": (
        lambda o: o.records.campaigns(None, CampaignQuery(), 0, 5),
        page_of(CAMPAIGN),
        "GET",
        f"{APP}/campaigns",
        EXTRA,
    ),
    "create campaign": (
        lambda o: o.writes.create_campaigns(None, [CampaignDraft(key="my-campaign")]),
        CAMPAIGN,
        "POST",
        f"{APP}/campaigns",
        (),
    ),
    "get campaign": (lambda o: o.records.campaign(None, ID), CAMPAIGN, "GET", f"{APP}/campaigns/{ID}", ()),
    "update campaign": (
        lambda o: o.writes.update_campaign(None, ID, CampaignDraft(name="C")),
        CAMPAIGN,
        "PATCH",
        f"{APP}/campaigns/{ID}",
        (),
    ),
    "list studies": (
        lambda o: o.records.studies(None, StudyQuery(), 0, 5),
        page_of(STUDY),
        "GET",
        f"{APP}/studies",
        PAGE,
    ),
    "create study": (
        lambda o: o.writes.create_studies(None, [StudyDraft(key="my-study")]),
        STUDY,
        "POST",
        f"{APP}/studies",
        (),
    ),
    "get study": (lambda o: o.records.study(None, ID), STUDY, "GET", f"/studies/{ID}", ()),
    "update study": (
        lambda o: o.writes.update_study(None, ID, StudyDraft(name="S")),
        STUDY,
        "PATCH",
        f"/studies/{ID}",
        (),
    ),
    "list applications": (lambda o: o.records.applications(0, 5), page_of({"_id": ID}), "GET", "/applications", PAGE),
    "get application": (lambda o: o.records.application("my-app"), {"_id": ID, "key": "my-app"}, "GET", APP, ()),
}


@pytest.mark.parametrize("name", OPERATIONS)
async def test_an_operation_asks_once_and_exactly(name: str) -> None:
    call, answer, verb, path, query = OPERATIONS[name]
    adapter, line = okube(lambda _: answer)
    await call(adapter)
    assert [(ask.method, ask.path, ask.query, ask.accept) for ask in line.asks] == [
        (verb, path, query, "application/json")
    ]


@pytest.mark.parametrize("name", OPERATIONS)
async def test_only_writes_may_not_be_repeated(name: str) -> None:
    call, answer, *_ = OPERATIONS[name]
    adapter, line = okube(lambda _: answer)
    await call(adapter)
    assert [ask.idempotent for ask in line.asks] == [not name.startswith(("create", "update", "import"))]


async def test_no_body_names_the_application_its_path_names() -> None:
    adapter, line = okube(lambda ask: CAMPAIGN if "campaigns" in ask.path else SITE)
    await adapter.writes.create_site("other app", SiteDraft(name="S", kind=SiteKind.ONLINE))
    await adapter.writes.create_campaigns("other app", [CampaignDraft(key="my-campaign")])
    assert [ask.path for ask in line.asks] == ["/applications/other%20app/sites", "/applications/other%20app/campaigns"]
    assert [ask.body for ask in line.asks] == [b'{"name":"S","online":true}', b'{"key":"my-campaign"}']


async def test_a_route_of_the_operators_own_is_used_and_carries_the_application_elsewhere() -> None:
    own = {"list_sites": "GET /sites", "create_site": "PUT /sites", "get_site": "GET /s/{site}"}
    adapter, line = okube(lambda ask: page_of(SITE) if ask.endpoint == "list_sites" else SITE, routes=own)
    await adapter.records.sites(None, SiteQuery(), 0, 5)
    await adapter.writes.create_site(None, SiteDraft(name="S"))
    await adapter.records.site(None, ID)
    assert [(ask.method, ask.path) for ask in line.asks] == [("GET", "/sites"), ("PUT", "/sites"), ("GET", f"/s/{ID}")]
    assert line.asks[0].query == (*PAGE, ("app", "my-app"))
    assert line.asks[1].body == b'{"app":"my-app","name":"S"}'


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ({"list_site": "GET /sites"}, "did you mean list_sites?"),
        ({"list_sites": "/secret"}, "list_sites: must read like"),
        ({"list_sites": "GET /x/{secret}"}, "list_sites: knows only the places app"),
        ({"list_sites": "GET https://secret/x"}, "list_sites: must read like"),
        ({"list_sites": "GET /x?secret=1"}, "list_sites: must read like"),
    ],
)
def test_a_route_nobody_can_ask_stops_the_start_without_being_repeated(own: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says.replace("?", r"\?")) as refusal:
        routes.table(own)
    assert "secret" not in str(refusal.value)


def test_the_table_says_what_the_document_does_not() -> None:
    assumed = {name for name, route in routes.TABLE.items() if route.source is routes.Source.ASSUMED}
    assert assumed == {"presence_application", "presence_site", "import_sites"}
    assert routes.Route("POST", "/authenticate", routes.Source.ASSUMED) == routes.LOGIN
    assert len(routes.TABLE) == 23 + 2  # 24 operations less the login, and the two of applications from the prose


@pytest.mark.parametrize("key", ["a b/c", "a%2Fb", "café ☕", "x?y#z", "..a", "a;b&c=d", "~", "24:7"])
async def test_a_key_is_one_segment_whatever_stands_in_it(key: str) -> None:
    adapter, line = okube(lambda _: SITE)
    await adapter.records.site(None, key)
    encoded = line.asks[0].path.removeprefix("/applications/my-app/sites/")
    assert "/" not in encoded
    assert "?" not in encoded
    assert "#" not in encoded
    assert unquote(encoded) == key


@pytest.mark.parametrize("key", [".", ".."])
async def test_a_key_of_dots_is_looked_up_in_the_list(key: str) -> None:
    adapter, line = okube(lambda _: page_of(SITE | {"key": "x"}, SITE | {"_id": OTHER, "key": None, "keys": [key]}))
    found = await adapter.records.site(None, key)
    assert found is not None
    assert found.id == OTHER
    assert [(ask.path, ask.query) for ask in line.asks] == [(f"{APP}/sites", (*PAGE, ("keys", key)))]


@pytest.mark.parametrize("key", ["", "a\nb", "x" * 251, "\ud800"])
async def test_a_key_no_record_can_have_costs_no_call(key: str) -> None:
    adapter, line = okube(lambda _: SITE)
    assert await adapter.records.site(None, key) is None
    assert await adapter.records.point_of_interest(None, key) is None
    assert await adapter.records.campaign(None, key) is None
    assert await adapter.records.study(None, key) is None
    assert await adapter.records.application(key) is None
    assert line.asks == []


async def test_an_application_no_path_can_carry_is_the_callers_to_mend() -> None:
    adapter, line = okube(lambda _: page_of())
    with pytest.raises(InputError):
        await adapter.records.sites("..", SiteQuery(), 0, 5)
    assert line.asks == []


async def test_campaigns_and_studies_are_found_by_key_through_their_list() -> None:
    def respond(ask: Ask) -> object:
        near = CAMPAIGN | {"_id": OTHER, "key": "My-Campaign"}
        return page_of(near, CAMPAIGN) if "campaigns" in ask.path else page_of(STUDY)

    adapter, line = okube(respond)
    campaign = await adapter.records.campaign(None, "my-campaign")
    study = await adapter.records.study(None, "no-such-study")
    assert campaign is not None
    assert campaign.id == ID
    assert study is None
    assert [(ask.path, ask.query) for ask in line.asks] == [
        (f"{APP}/campaigns", (*PAGE, ("keys", "my-campaign"), ("with_extra", "true"))),
        (f"{APP}/studies", (*PAGE, ("keys", "no-such-study"))),
    ]


async def test_what_looks_like_an_id_may_be_a_key() -> None:
    key = "a" * 24

    def respond(ask: Ask) -> object:
        return page_of(CAMPAIGN | {"key": key}) if ask.query else (404, {"message": "no"})

    adapter, line = okube(respond)
    found = await adapter.records.campaign(None, key)
    assert found is not None
    assert found.id == ID
    assert [ask.path for ask in line.asks] == [f"{APP}/campaigns/{key}", f"{APP}/campaigns"]


async def test_without_a_configured_application_the_only_one_is_asked_for_once() -> None:
    def respond(ask: Ask) -> object:
        return page_of({"_id": OTHER}) if ask.path == "/applications" else page_of(SITE)

    adapter, line = okube(respond, application=None)
    await adapter.records.sites(None, SiteQuery(), 0, 5)
    await adapter.records.sites(None, SiteQuery(), 0, 5)
    assert [ask.path for ask in line.asks] == ["/applications", *[f"/applications/{OTHER}/sites"] * 2]


@pytest.mark.parametrize("known", [[], [{"_id": ID}, {"_id": OTHER}]])
async def test_an_application_that_cannot_be_told_must_be_named(known: list[object]) -> None:
    adapter, _ = okube(lambda _: page_of(*known), application=None)
    with pytest.raises(InputError) as refusal:
        await adapter.records.sites(None, SiteQuery(), 0, 5)
    assert refusal.value.argument == ("application",)


@pytest.mark.parametrize(
    ("which", "path", "more"),
    [
        (CsvList.SITES, "sites", ()),
        (CsvList.POINTS_OF_INTEREST, "pois", ()),
        (CsvList.CAMPAIGNS, "campaigns", (("with_extra", "true"),)),
        (CsvList.STUDIES, "studies", ()),
    ],
)
@pytest.mark.parametrize(
    ("encoding", "sent"),
    [
        (CsvEncoding.UTF8, "utf8"),
        (CsvEncoding.ISO_8859_1, "iso-8859-1"),
        (CsvEncoding.WINDOWS_1252, "windows-1252"),
    ],
)
async def test_a_list_is_passed_through_as_csv(
    which: CsvList, path: str, more: tuple[tuple[str, str], ...], encoding: CsvEncoding, sent: str
) -> None:
    adapter, line = okube(lambda _: b"key;name\na;b\n")
    async with adapter.records.csv(which, encoding, None) as chunks:
        content = b"".join([chunk async for chunk in chunks])
    assert content == b"key;name\na;b\n"
    assert [(ask.path, ask.query, ask.accept) for ask in line.asks] == [
        (f"{APP}/{path}", (("encoding", sent), *more), "text/csv")
    ]
