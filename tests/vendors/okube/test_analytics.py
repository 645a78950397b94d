"""The questions put to the three analytics modules, and both documented shapes of their answers."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from gateway.domain.errors import InputError, Malformed
from gateway.domain.kpi import (
    ConversionKpi,
    ConversionScope,
    GeoMarketingKpi,
    GeoMarketingScope,
    KpiAsk,
    KpiGranularity,
    KpiMode,
    KpiModule,
    KpiPoint,
    KpiSeriesRecord,
    KpiValue,
    PresenceKpi,
    PresenceScope,
)
from gateway.domain.window import Days
from gateway.vendors.okube import kpis
from tests.vendors.okube.fake import OTHER, body, okube

pytestmark = pytest.mark.anyio

# The three lists of the document, taken from its text.
NAMES: dict[str, list[str]] = json.loads((Path(__file__).parent / "kpi_names.json").read_text())
MONDAY = date(2023, 1, 2)
DAYS = Days(MONDAY, date(2023, 1, 31))
PRESENCE = KpiAsk(KpiModule.PRESENCE, DAYS, (PresenceKpi.SESSIONS,), (PresenceScope.GLOBAL,))


def presence(**members: Any) -> KpiAsk:
    return structs.replace(PRESENCE, **members)


def element(data: object, kpi: str = "sessions", scope: str = "globals", granularity: str = "day") -> dict[str, object]:
    return {"kpi": kpi, "scope": scope, "granularity": granularity, "data": data}


async def answered(ask: KpiAsk, *elements: object) -> list[KpiSeriesRecord]:
    adapter, _ = okube(lambda _: list(elements))
    return await adapter.analytics.kpis(ask)


@pytest.mark.parametrize(
    ("module", "kpi", "count"),
    [
        (KpiModule.GEO_MARKETING, GeoMarketingKpi, 18),
        (KpiModule.CONVERSION, ConversionKpi, 66),
        (KpiModule.PRESENCE, PresenceKpi, 13),
    ],
)
def test_every_kpi_of_the_document_is_spelt_as_there(module: KpiModule, kpi: Any, count: int) -> None:
    assert [kpis.spelling(module, name) for name in kpi] == NAMES[module]
    assert len(NAMES[module]) == count
    assert [name.value.replace("_", "").lower() for name in kpi] == [name.lower() for name in NAMES[module]]


SWITCHES: dict[KpiModule, Any] = {
    KpiModule.GEO_MARKETING: ({"homes": True, "works": False, "zones": False}, GeoMarketingScope.HOMES),
    KpiModule.CONVERSION: ({"campaigns": False, "levers": False, "extras": True}, ConversionScope.EXTRAS),
    KpiModule.PRESENCE: ({"equipments": True}, PresenceScope.EQUIPMENTS),
}
FIRST: dict[KpiModule, Any] = {
    KpiModule.GEO_MARKETING: (GeoMarketingKpi.ACQUISITION, GeoMarketingKpi.PER_POI_SESSIONS, "perPoiSessions"),
    KpiModule.CONVERSION: (ConversionKpi.CTR, ConversionKpi.OFFLINE_VISITS_FC, "offlineVisitsFC"),
    KpiModule.PRESENCE: (PresenceKpi.SESSIONS, PresenceKpi.UNIQ_USERS, "uniqUsers"),
}


@pytest.mark.parametrize("module", KpiModule)
@pytest.mark.parametrize("site", [None, "my site"])
async def test_the_golden_body_sends_every_switch_and_one_mode(module: KpiModule, site: str | None) -> None:
    switches, scope = SWITCHES[module]
    first, second, spelt = FIRST[module]
    names = [kpis.spelling(module, first), spelt]
    ask = KpiAsk(
        module,
        DAYS,
        (first, second, first),
        (scope,),
        site=site,
        study=OTHER,
        mode=KpiMode.AGGREGATION,
        granularity=KpiGranularity.MONTH,
        uplift=False,
        filters={"levers": ["x"]},
    )
    adapter, line = okube(lambda _: [element({}, name, scope.lower(), "month") for name in names])
    assert await adapter.analytics.kpis(ask) == []
    sites = {} if site else {"sites": False}
    projections = {"all": True, "temporals": True, "globals": False} | sites | switches
    assert body(line.asks[0]) == {
        "filters": {"levers": ["x"]},
        "params": [
            {"kpi": name, "mode": "aggregation", "granularity": "month", "projections": projections} for name in names
        ],
    }
    uplift = () if module is KpiModule.PRESENCE else (("uplift", "false"),)
    assert line.asks[0].query == (("from", "2023-01-02"), ("to", "2023-01-31"), *uplift)


async def test_without_filters_the_body_has_none() -> None:
    adapter, line = okube(lambda _: [element({}, scope="sites"), element({})])
    await adapter.analytics.kpis(presence(scopes=(PresenceScope.GLOBAL, PresenceScope.SITES)))
    assert set(body(line.asks[0])) == {"params"}
    assert body(line.asks[0])["params"][0]["projections"] == {
        "all": True,
        "temporals": True,
        "globals": True,
        "sites": True,
        "equipments": False,
    }


async def test_sites_below_a_site_and_geo_marketing_without_a_study_are_the_callers_to_mend() -> None:
    adapter, line = okube(lambda _: [])
    with pytest.raises(InputError) as refusal:
        await adapter.analytics.kpis(presence(site="x", scopes=(PresenceScope.SITES,)))
    assert refusal.value.argument == ("scopes",)
    geo = KpiAsk(KpiModule.GEO_MARKETING, DAYS, (GeoMarketingKpi.OS,), (GeoMarketingScope.GLOBAL,))
    with pytest.raises(InputError) as refusal:
        await adapter.analytics.kpis(geo)
    assert refusal.value.argument == ("study",)
    assert await adapter.analytics.kpis(presence(kpis=())) == []
    assert line.asks == []


async def test_the_global_scope_has_a_total_and_sorted_days() -> None:
    data = {"all": 12.5, "temporals": {"0": 1, "1": 2, "10": 3, "2": 4}}
    assert await answered(PRESENCE, element(data)) == [
        KpiSeriesRecord(
            module=KpiModule.PRESENCE,
            kpi="sessions",
            mode=KpiMode.HISTOGRAM,
            granularity=KpiGranularity.DAY,
            scope="GLOBAL",
            entity=None,
            extrapolated=None,
            total=KpiValue(12.5, 12.5),
            points=[
                KpiPoint(0, KpiValue(1, 1.0), starts_on=date(2023, 1, 2)),
                KpiPoint(1, KpiValue(2, 2.0), starts_on=date(2023, 1, 3)),
                KpiPoint(2, KpiValue(4, 4.0), starts_on=date(2023, 1, 4)),
                KpiPoint(10, KpiValue(3, 3.0), starts_on=date(2023, 1, 12)),
            ],
        )
    ]


ENTITIES = {"s1": {"all": 1, "temporals": {"0": 1}}, "s 2/x": {"all": 2, "temporals": {}}, "all": {"all": 3}}
GLOBALS = {"all": 9, "temporals": {"0": 9}}
SHAPES: dict[str, list[object]] = {
    "an element per scope": [element(GLOBALS), element(ENTITIES, scope="sites")],
    "an element per scope, other order and words": [element(ENTITIES, scope="Site"), element(GLOBALS, scope="global")],
    "the scope named again in data": [
        element({"globals": GLOBALS}),
        element({"sites": ENTITIES}, scope="sites"),
    ],
    "one element whose data holds both scopes": [element({"globals": GLOBALS, "sites": ENTITIES})],
    "one global element with the sites inside": [element(GLOBALS | {"sites": ENTITIES})],
    "beside what nobody asked": [
        element(ENTITIES, scope="equipments"),
        element(GLOBALS, kpi="dropouts"),
        element(GLOBALS, granularity="week"),
        element(ENTITIES, scope="sites"),
        element(GLOBALS),
    ],
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_both_shapes_of_data_say_the_same(shape: str) -> None:
    series = await answered(presence(scopes=(PresenceScope.GLOBAL, PresenceScope.SITES)), *SHAPES[shape])
    assert [(one.scope, one.entity, one.total and one.total.number) for one in series] == [
        ("GLOBAL", None, 9.0),
        ("SITES", "s1", 1.0),
        ("SITES", "s 2/x", 2.0),
        ("SITES", "all", 3.0),
    ]


async def test_an_entity_may_be_called_like_a_scope() -> None:
    data = {"sites": {"all": 1}, "globals": {"temporals": {"0": 2}}}
    series = await answered(presence(scopes=(PresenceScope.EQUIPMENTS,)), element(data, scope="equipments"))
    assert [(one.scope, one.entity) for one in series] == [("EQUIPMENTS", "sites"), ("EQUIPMENTS", "globals")]


async def test_no_scope_at_all_is_the_global_one() -> None:
    series = await answered(PRESENCE, element({"all": 1}) | {"scope": None})
    assert [(one.scope, one.entity) for one in series] == [("GLOBAL", None)]


async def test_a_scope_without_entities_is_no_series_and_no_error() -> None:
    scopes = (PresenceScope.SITES,)
    assert await answered(presence(scopes=scopes), element({}, scope="sites")) == []
    assert await answered(presence(scopes=scopes), element({"sites": {}}, scope="sites")) == []


async def test_series_come_in_the_order_asked() -> None:
    ask = presence(kpis=(PresenceKpi.LEAVING, PresenceKpi.ENTERING))
    series = await answered(ask, element({"all": 1}, "entering"), element({"all": 2}, "leaving"))
    assert [one.kpi for one in series] == ["leaving", "entering"]


@pytest.mark.parametrize(
    ("granularity", "first", "starts"),
    [
        (KpiGranularity.DAY, date(2023, 2, 27), {0: date(2023, 2, 27), 2: date(2023, 3, 1)}),
        (KpiGranularity.WEEK, date(2023, 1, 4), {0: date(2023, 1, 4), 1: date(2023, 1, 11)}),
        (KpiGranularity.MONTH, date(2022, 11, 15), {0: date(2022, 11, 1), 1: date(2022, 12, 1), 2: date(2023, 1, 1)}),
        (KpiGranularity.YEAR, date(2022, 11, 15), {0: date(2022, 1, 1), 1: date(2023, 1, 1)}),
    ],
)
async def test_histogram_keys_become_days(granularity: KpiGranularity, first: date, starts: dict[int, date]) -> None:
    ask = presence(days=Days(first, date(2023, 12, 31)), granularity=granularity)
    temporals = {str(index): 1 for index in starts}
    series = await answered(ask, element({"temporals": temporals}, granularity=granularity.lower()))
    assert {point.index: point.starts_on for point in series[0].points} == starts
    assert {point.category for point in series[0].points} == {None}
    assert series[0].total is None


@pytest.mark.parametrize(
    ("granularity", "categories"),
    [
        (KpiGranularity.DAY, {"1": 1, "7": 7}),
        (KpiGranularity.DAY, {"0": 7, "1": 1, "6": 6}),
        (KpiGranularity.MONTH, {"1": 1, "12": 12}),
        (KpiGranularity.WEEK, {"1": 1, "53": 53}),
        (KpiGranularity.YEAR, {"2022": 2022, "2023": 2023}),
    ],
)
async def test_aggregation_keys_become_categories(granularity: KpiGranularity, categories: dict[str, int]) -> None:
    ask = presence(mode=KpiMode.AGGREGATION, granularity=granularity)
    data = {"temporals": dict.fromkeys(categories, 1)}
    series = await answered(ask, element(data, granularity=granularity.lower()))
    assert {str(point.index): point.category for point in series[0].points} == categories
    assert {point.starts_on for point in series[0].points} == {None}


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        (3, KpiValue(3, 3.0)),
        (0, KpiValue(0, 0.0)),
        (0.25, KpiValue(0.25, 0.25)),
        (True, KpiValue(True)),
        ("12", KpiValue("12")),
        ({"ios": 3, "android": None}, KpiValue({"ios": 3, "android": None})),
        ([1, 2], KpiValue([1, 2])),
        ({"all": 1, "temporals": 2}, KpiValue({"all": 1, "temporals": 2})),
    ],
)
async def test_a_value_is_a_number_only_where_one_was_sent(sent: object, value: KpiValue) -> None:
    series = await answered(PRESENCE, element({"all": sent, "temporals": {"0": sent}}))
    assert series[0].total == value
    assert [point.value for point in series[0].points] == [value]
    assert series[0].total is not None
    assert type(series[0].total.json) is type(sent)


async def test_a_null_is_no_figure() -> None:
    series = await answered(PRESENCE, element({"all": None, "temporals": {"0": None, "1": 5}}))
    assert series[0].total is None
    assert [point.index for point in series[0].points] == [1]


@pytest.mark.parametrize("uplift", [True, False])
async def test_uplift_is_told_where_it_was_asked(uplift: bool) -> None:
    ask = KpiAsk(KpiModule.CONVERSION, DAYS, (ConversionKpi.CTR,), (ConversionScope.GLOBAL,), uplift=uplift)
    assert (await answered(ask, element({"all": 1}, "ctr")))[0].extrapolated is uplift
    assert (await answered(presence(uplift=uplift), element({"all": 1})))[0].extrapolated is None


@pytest.mark.parametrize(
    ("scopes", "elements"),
    [
        (("GLOBAL",), []),
        (("GLOBAL",), [element({"all": 1}, granularity="week")]),
        (("GLOBAL",), [element({"all": 1}, kpi="dropouts")]),
        (("GLOBAL", "SITES"), [element({"all": 1})]),
        (("GLOBAL",), [element({"all": 1}), element({"all": 1})]),
        (("SITES",), [element({}, scope="sites"), element({"sites": {}}, scope="globals")]),
        (("SITES",), [element({"s1": 5}, scope="sites")]),
        (("SITES",), [element({"s1": {"all": 1, "other": 2}}, scope="sites")]),
        (("SITES",), [element({"sites": {"s1": 5}}, scope="sites")]),
        (("GLOBAL",), [element([])]),
        (("GLOBAL",), [element(None)]),
        (("GLOBAL",), [{"kpi": "sessions", "granularity": "day", "data": {}}]),
        (("GLOBAL",), [element({"temporals": [1, 2]})]),
        (("GLOBAL",), [element({"temporals": {"one": 1}})]),
        (("GLOBAL",), [element({"temporals": {"1": 1, "01": 2}})]),
        (("GLOBAL",), [element({"temporals": {"-1": 1}})]),
        (("GLOBAL",), [element({"temporals": {"1_0": 1}})]),
        (("GLOBAL",), [element({"temporals": {"999999999": 1}})]),
    ],
)
async def test_an_answer_that_is_not_the_one_asked_is_malformed(scopes: tuple[str, ...], elements: list[Any]) -> None:
    ask = presence(scopes=tuple(PresenceScope(scope) for scope in scopes))
    with pytest.raises(Malformed) as drift:
        await answered(ask, *elements)
    assert drift.value.member is not None


@pytest.mark.parametrize(
    ("granularity", "keys"),
    [("DAY", ["8"]), ("DAY", ["0", "7"]), ("DAY", ["-1"]), ("MONTH", ["0"]), ("MONTH", ["13"])],
)
async def test_a_category_the_calendar_does_not_have_is_malformed(granularity: str, keys: list[str]) -> None:
    ask = presence(mode=KpiMode.AGGREGATION, granularity=KpiGranularity(granularity))
    with pytest.raises(Malformed):
        await answered(ask, element({"temporals": dict.fromkeys(keys, 1)}, granularity=granularity.lower()))


@pytest.mark.parametrize("answer", [{}, {"message": "later"}, b"", b"[", None, ["x"]])
async def test_an_answer_that_is_no_list_of_elements_is_malformed(answer: object) -> None:
    adapter, _ = okube(lambda _: answer)
    with pytest.raises(Malformed):
        await adapter.analytics.kpis(PRESENCE)
