"""Okube's records by global id, as far as the caller may see them (rules.md 8, 38)."""

from __future__ import annotations

from typing import Any

from gateway.domain.campaign import CampaignQuery
from gateway.domain.errors import InputError
from gateway.domain.point_of_interest import PointOfInterestQuery
from gateway.domain.study import StudyQuery
from gateway.loaders import records
from gateway.schema.arguments import Info
from gateway.schema.lists import seen_by
from gateway.schema.references import OKUBE


async def record_by_id(info: Info, kind: str, key: str) -> Any:
    """An application, a campaign, a point of interest or a study; None where there is none to see."""
    if not key.startswith(OKUBE):
        return None
    reference = key.removeprefix(OKUBE)
    if kind == "Application":
        return await _application(info, reference)
    if kind not in ("Campaign", "PointOfInterest", "Study"):
        return None
    record: Any = None
    for application in info.context.catalog.applications or (None,):
        record = record or await _listed(info, kind, application, reference)
    if record is None or kind == "PointOfInterest":
        return record
    if kind == "Study" and not await _ours(info, record.application):
        return None
    seen = await seen_by(info)
    return record if seen is None else seen(record)


async def _listed(info: Info, kind: str, application: str | None, reference: str) -> Any:
    """A record of one application's list; those asked at one moment are looked up together."""
    port = info.context.catalog.supplies.records()
    lists: dict[str, tuple[Any, Any, Any]] = {
        "Campaign": (port.campaigns, CampaignQuery(), port.campaign),
        "PointOfInterest": (port.points_of_interest, PointOfInterestQuery(), port.point_of_interest),
        "Study": (port.studies, StudyQuery(), port.study),
    }
    read, query, get = lists[kind]

    async def load_all(asked: list[str]) -> dict[str, Any]:
        return await records.by_reference(
            asked,
            lambda start, count: read(application, query, start, count),
            port.page_rows,
            lambda text: get(application, text),
        )

    return await info.context.batch((kind, application), load_all).load(reference)


async def _application(info: Info, reference: str) -> Any:
    record = await info.context.catalog.supplies.records().application(reference)
    allowed = info.context.catalog.applications
    return record if record and (not allowed or record.id in allowed or record.key in allowed) else None


async def _ours(info: Info, application: str | None) -> bool:
    """Studies alone are fetched without naming an application: another's must not be shown (rules.md 11)."""
    allowed = info.context.catalog.applications
    if application is None or not allowed:
        return True
    try:
        await info.context.application(application)
    except InputError:
        return False
    return True
