"""docs/vendors says what the adapters do and what the graph offers, no more and no less."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
import pytest
from graphql import GraphQLSchema, build_schema

from gateway import runtime
from gateway.domain.campaign import CampaignPeriod, CampaignQuery, ExtraMode, KeyValue
from gateway.domain.engagement import EngagementTerms
from gateway.domain.kpi import KpiModule
from gateway.domain.okube_site import SiteColumns, SiteQuery
from gateway.domain.place import SiteKind
from gateway.domain.point_of_interest import PointOfInterestQuery
from gateway.domain.study import StudyQuery
from gateway.domain.window import Days
from gateway.vendors.bespot.wire import DwellSession, OccupancyMinute, StoreCount, VisitMinute
from gateway.vendors.guest_wifi.wire import GuestSession, SessionCount, SessionDuration
from gateway.vendors.okube import bodies, filters, kpis, routes
from gateway.vendors.okube import wire as okube
from gateway.vendors.okube.lists import ENCODINGS
from gateway.vendors.shopster import mapping as shopster_mapping
from gateway.vendors.shopster import wire as shopster
from tests.docs.pages import rows, section, text, words

BESPOT, SHOPSTER, OKUBE, GUEST_WIFI = (
    text(f"docs/vendors/{name}.md") for name in ("bespot", "shopster", "okube", "guest-wifi")
)
PAGES = (text("docs/vendors.md"), BESPOT, SHOPSTER, OKUBE, GUEST_WIFI)
MODULES: dict[str, tuple[KpiModule, Mapping[Any, str]]] = {
    "GeoMarketing": (KpiModule.GEO_MARKETING, kpis.GEO_MARKETING),
    "Conversion": (KpiModule.CONVERSION, kpis.CONVERSION),
    "Presence": (KpiModule.PRESENCE, kpis.PRESENCE),
}
DAYS = Days(date(2026, 11, 1), date(2026, 11, 2))
TIME: dict[str, Any] = {
    "days": DAYS,
    "timezone": "Europe/Athens",
    "starts_before": 1,
    "starts_after": 1,
    "ends_before": 1,
    "ends_after": 1,
    "global_only": True,
    "search": "x",
    "keys": ("k",),
    "sites": ("s",),
    "tags": ("t",),
}
EVERY_FILTER = {
    "sites": filters.sites(SiteQuery("x", True, True, SiteKind.ONLINE, True, True, ("k",), ("t",))),
    "points of interest": filters.points_of_interest(PointOfInterestQuery("x", True, True, ("k",), ("t",))),
    "campaigns": filters.campaigns(
        CampaignQuery(
            levers=("l",),
            provider="p",
            agency="a",
            format="f",
            trigger=True,
            extra=(KeyValue("k", "v"),),
            period=CampaignPeriod.DIRECT,
            **TIME,
        )
    ),
    "studies": filters.studies(StudyQuery(points_of_interest=("p",), **TIME)),
}
ALL_LISTS = {"page", "per_page", "encoding", "Accept"}


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(runtime.print_schema())


def test_every_place_named_exists_in_the_graph(schema: GraphQLSchema) -> None:
    missing = []
    for cells in [cells for page in PAGES for count in (2, 3, 4) for cells in rows(page, count)]:
        of = ""
        for word in words(cells[-1]):
            found = re.fullmatch(r"([A-Z]\w*)?\.(\w+)", word)
            if found:
                of = found[1] or of
                members = _members(schema, of)
                missing += [] if found[2] in members else [word]
    assert missing == []


def _members(schema: GraphQLSchema, name: str) -> set[str]:
    kind: Any = schema.type_map.get(name)
    return set(getattr(kind, "fields", None) or getattr(kind, "values", None) or ())


def test_every_route_of_okube_stands_there_as_it_is_asked() -> None:
    told = [[words(name)[0], words(path)[0], source] for name, path, source, _ in rows(OKUBE, 4) if source in SOURCES]
    assert told == [[name, f"{r.verb} {r.template}", r.source] for name, r in routes.TABLE.items()]


SOURCES = {source.value for source in routes.Source}


@pytest.mark.parametrize("which", EVERY_FILTER)
def test_every_filter_of_a_list_stands_there_and_no_other(which: str) -> None:
    told = {
        word
        for lists, names, where in rows(section(OKUBE, "Parameters"), 3)
        if which in lists.split(", ") and not where.startswith("not sent")
        for word in words(names)
    }
    sent = {name for name, _ in EVERY_FILTER[which] or ()}
    assert told - {"app"} == sent | ALL_LISTS


@pytest.mark.parametrize("module", MODULES)
def test_every_kpi_and_every_scope_stand_there_and_no_other(module: str) -> None:
    key, names = MODULES[module]
    kpi_rows = [cells for cells in rows(section(OKUBE, "KPIs"), 3) if cells[0] == module]
    assert kpi_rows == [[module, f"`{spelt}`", f"`{module}Kpi.{kpi}`"] for kpi, spelt in names.items()]
    scope_rows = [cells for cells in rows(section(OKUBE, "Scopes"), 3) if cells[0] == module]
    told = [(words(switch)[0], words(where)[0]) for _, switch, where in scope_rows]
    assert told == [(switch, f"{module}Scope.{scope}") for scope, switch in kpis.SWITCHES[key].items()]


def test_every_enumeration_of_okube_stands_there_and_no_other() -> None:
    expected = {spelt: f"KpiMode.{mode}" for mode, spelt in kpis.MODES.items()}
    expected |= {spelt: f"KpiGranularity.{each}" for each, spelt in kpis.GRANULARITIES.items()}
    expected |= {period.lower(): f"CampaignPeriod.{period}" for period in CampaignPeriod}
    expected |= {mode.lower(): f"ExtraMode.{mode}" for mode in ExtraMode}
    expected |= {spelt: f"CsvEncoding.{encoding.name}" for encoding, spelt in ENCODINGS.items()}
    told = {words(vendor)[0]: words(where)[0] for vendor, where in rows(section(OKUBE, "Enumerations"), 2)}
    assert told == expected


@pytest.mark.parametrize(
    ("noun", "written"),
    [
        ("site", {*bodies.SITE.values(), "thumbnail"}),
        ("point of interest", set(bodies.POINT_OF_INTEREST.values())),
        ("campaign", set(bodies.CAMPAIGN.values())),
        ("study", set(bodies.STUDY.values())),
        (
            "site import",
            {"encoding", "delimiter", "file", *(f"mapper[{name}]" for name in SiteColumns.__struct_fields__)},
        ),
    ],
)
def test_every_member_written_stands_there_and_no_other(noun: str, written: set[str]) -> None:
    table = section(OKUBE, "Members of bodies").split("What is read:")[0]
    told = {words(member)[0] for of, member, where in rows(table, 3) if of == noun and not where.startswith("not ")}
    assert told == written


@pytest.mark.parametrize(
    ("noun", "document"),
    [
        ("application", okube.ApplicationDocument),
        ("site", okube.SiteDocument),
        ("point of interest", okube.PoiDocument),
        ("campaign", okube.CampaignDocument),
        ("study", okube.StudyDocument),
        ("analytics", okube.KpiElement),
    ],
)
def test_every_member_read_stands_there_and_no_other(noun: str, document: type[msgspec.Struct]) -> None:
    table = section(OKUBE, "Members of bodies").split("What is read:")[1]
    told = {words(member)[0] for of, member, _ in rows(table, 3) if of == noun}
    assert told == {field.encode_name for field in msgspec.structs.fields(document)}


def test_every_value_of_shopster_stands_there_and_no_other() -> None:
    expected = {spelt: f"EngagementInterval.{each}" for each, spelt in shopster.INTERVALS.items()}
    expected |= {spelt: f"ComebackWindow.{each}" for each, spelt in shopster.COMEBACKS.items()}
    expected |= {spelt: f"DwellThreshold.{each}" for each, spelt in shopster.THRESHOLDS.items()}
    expected |= {spelt: f"Audience.{each}" for spelt, each in shopster.AUDIENCES.items()}
    told = [(words(vendor), words(where)) for vendor, where in rows(SHOPSTER, 2)]
    values = {vendor[0]: where[0] for vendor, where in told if where[0].split(".")[0] in ENUMS}
    assert values == expected


def test_every_argument_of_shopster_stands_there_and_no_other() -> None:
    told = [word for name, _, _ in rows(SHOPSTER, 3) for word in words(name)]
    assert told == [name for name, _ in shopster_mapping.query([1], DAYS, EngagementTerms())]


ENUMS = {"EngagementInterval", "ComebackWindow", "DwellThreshold", "Audience"}


@pytest.mark.parametrize(
    ("page", "shapes"),
    [
        (BESPOT, (DwellSession, VisitMinute, OccupancyMinute, StoreCount)),
        (GUEST_WIFI, (GuestSession, SessionCount, SessionDuration)),
        (SHOPSTER, (shopster.Row,)),
    ],
    ids=["Bespot", "guest Wi-Fi", "Shopster"],
)
def test_every_member_of_an_answer_that_is_read_stands_there(page: str, shapes: tuple[Any, ...]) -> None:
    told = {word for cells in rows(page, 2) for word in words(cells[0])}
    read = {field.encode_name for shape in shapes for field in msgspec.structs.fields(shape)}
    assert read - told == set()
