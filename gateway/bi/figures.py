"""Rows of `counts`, `engagement` and `kpis`: figures the vendors make themselves. None is added up or derived here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

import orjson

from gateway.bi.ask import MODULES, Ask, KpiTerms
from gateway.bi.tables import Batch, batch
from gateway.domain.errors import Forbidden, InputError, NotAdditive
from gateway.domain.instant import MINUTE
from gateway.domain.kpi import KpiAsk
from gateway.domain.site import Site
from gateway.domain.window import Days, Window
from gateway.federation import buckets
from gateway.federation.counts import Counted
from gateway.federation.directory import by_reference
from gateway.federation.kpis import GLOBAL, SITES, KpiSeries
from gateway.loaders.request import Request

MOST_BUCKETS = 2_000


async def count_rows(request: Request, ask: Ask, sites: Sequence[Site], window: Window) -> AsyncIterator[Batch]:
    """One question per bucket and figure. Raises InputError where there are too many."""
    figures = request.catalog.counts
    covered = [site for site in sites if site.bespot]
    if not covered:
        request.catalog.supplies.counts()
    per_bucket: dict[tuple[int, int], list[Site]] = {}
    until = min(window.end, request.catalog.clock())
    for site in covered:
        assert site.zone is not None, "the crosswalk gives every site a time zone"
        for bucket in buckets.buckets(site.zone, ask.granularity, window.start // MINUTE, -(-until // MINUTE)):
            per_bucket.setdefault(bucket, []).append(site)
            if len(per_bucket) > MOST_BUCKETS:
                raise InputError(
                    f"That is more than {MOST_BUCKETS} buckets, and each is a question to the vendor: ask a coarser "
                    "`granularity` or a shorter span.",
                    ("granularity",),
                )
    for bucket, asked in sorted(per_bucket.items()):
        inside = window.cut(Window(bucket[0] * MINUTE, bucket[1] * MINUTE))
        stays, people = await figures.sessions(asked, inside), await figures.users(asked, inside)
        _whole(stays)
        _whole(people)
        start, end = bucket[0] * MINUTE, bucket[1] * MINUTE
        keys = sorted(site.key for site in asked)
        yield batch([(key, start, end, stays.by_key.get(key), people.by_key.get(key)) for key in keys], 5)


def _whole(counted: Counted) -> None:
    for failure in counted.failures.values():
        if not isinstance(failure, NotAdditive):
            raise failure


async def engagement_rows(request: Request, ask: Ask, sites: Sequence[Site], days: Days) -> AsyncIterator[Batch]:
    """One call per kind of object."""
    terms = ask.engagement
    found = await request.catalog.engagement.of_sites(sites, days, terms)
    for failure in found.failures.values():
        raise failure
    for key, every in found.by_key.items():
        yield batch(
            [
                (
                    key,
                    series.object,
                    series.audience.name,
                    terms.interval.name,
                    point.start,
                    point.session_count,
                    point.unique_devices,
                    point.returning_devices,
                    point.average_session_seconds,
                    point.gross_shopping_time,
                    terms.comeback.name,
                    terms.bounce_threshold.name,
                    terms.engagement_threshold.name,
                )
                for series in every
                if ask.audiences is None or series.audience in ask.audiences
                for point in series.points
            ],
            13,
        )


async def kpi_rows(request: Request, ask: Ask, sites: Sequence[Site] | None, days: Days) -> AsyncIterator[Batch]:
    """Of the application, or of the sites named: one call where the vendor can. Rights as in rules.md 11."""
    terms = ask.kpi
    assert terms is not None
    application = await request.application(ask.application)
    question = KpiAsk(
        terms.module,
        days,
        terms.kpis,
        terms.scopes,
        application=application,
        study=terms.study,
        mode=terms.mode,
        granularity=terms.granularity,
        uplift=terms.uplift,
        filters=terms.filters,
    )
    request.catalog.supplies.kpis()
    series = await _of_application(request, question) if sites is None else await _of_sites(request, question, sites)
    names = {_folded(kpi.name): kpi.name for kpi in MODULES[terms.module][0]}
    for each in series:
        yield batch(list(_points(each, terms, names)), 12)


async def _of_application(request: Request, ask: KpiAsk) -> list[KpiSeries]:
    limited = request.principal.limited
    if limited and (ask.filters is not None or any(scope != SITES for scope in ask.scopes)):
        raise Forbidden("A caller limited to sites may ask the scope SITES only, without filters.")
    known = {}
    if any(scope == SITES for scope in ask.scopes):
        roster = await request.roster(ask.application)
        if roster.error is not None:
            raise roster.error
        known = dict(by_reference(site for site in roster.sites if request.principal.sees(site)))
    return await request.catalog.kpis.of_application(ask, known, limited=limited)


async def _of_sites(request: Request, ask: KpiAsk, sites: Sequence[Site]) -> list[KpiSeries]:
    kpis = request.catalog.kpis
    if any(scope == SITES for scope in ask.scopes):
        raise InputError("A single site cannot be split by site.", ("scope",))
    known = [site for site in sites if site.okube or site.okube_id]
    if len(known) > 1 and ask.filters is None and tuple(ask.scopes) == (MODULES[ask.module][1][GLOBAL],):
        roster = await request.roster(ask.application)
        if roster.error is not None:
            raise roster.error
        keys = {site.key for site in known}
        found = await kpis.of_sites(
            _by_sites(ask), known, by_reference(site for site in roster.sites if site.key in keys)
        )
        return [series for site in known for series in found[site.key]]
    return [series for site in known for series in await kpis.of_site(ask, site)]


def _by_sites(ask: KpiAsk) -> KpiAsk:
    return KpiAsk(
        ask.module,
        ask.days,
        ask.kpis,
        (MODULES[ask.module][1][SITES],),
        application=ask.application,
        study=ask.study,
        mode=ask.mode,
        granularity=ask.granularity,
        uplift=ask.uplift,
    )


def _points(series: KpiSeries, terms: KpiTerms, names: dict[str, str]) -> Iterable[tuple[Any, ...]]:
    record = series.record
    for point in record.points:
        number = point.value.number
        yield (
            record.module.name,
            names.get(_folded(record.kpi), record.kpi),
            terms.mode.name,
            terms.granularity.name,
            series.scope,
            series.entity,
            series.site.key if series.site else None,
            point.starts_on,
            point.category,
            number,
            None if number is not None else orjson.dumps(point.value.json).decode(),
            record.extrapolated,
        )


def _folded(name: str) -> str:
    return name.replace("_", "").lower()
