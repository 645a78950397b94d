"""From the inputs of mutations to the domain's drafts: absent, null and value kept apart, ids turned into references.

An id that names nothing, or another's, is what the caller must mend, with the path of that very id (rules.md 30, 38).
Nothing here writes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from strawberry import UNSET as LEFT_OUT

from gateway.domain.campaign import CampaignDraft
from gateway.domain.errors import InputError
from gateway.domain.place import Coordinates
from gateway.domain.point_of_interest import PointOfInterestQuery
from gateway.domain.site import Site
from gateway.domain.study import StudyDraft
from gateway.domain.writing import UserError, UserErrorCode
from gateway.federation.faults import MOST_MEMBERS, Draft
from gateway.federation.ranges import whole
from gateway.federation.writes import Proposal
from gateway.schema.arguments import Info, given
from gateway.schema.drafts import CoordinatesInput
from gateway.schema.node import site_key
from gateway.schema.records import record_by_id
from gateway.schema.references import OKUBE, okube_id

D = TypeVar("D", bound=Draft)

_OBJECT_ID = re.compile(r"[0-9a-fA-F]{24}")
_REFERENCE = re.compile(r"[\w.~-]{1,250}", re.ASCII)
_FEW = 5
"""So many points of interest are looked up one by one; more are found in the list."""


class Known:
    """Okube's `_id` of each id that the caller may name; an id that is not here names nothing."""

    def __init__(self, sites: Mapping[str, str] | None = None, points: Mapping[str, str] | None = None) -> None:
        self.sites = sites or {}
        self.points_of_interest = points or {}


async def application_of(info: Info, input: Any) -> str | None:
    """The application to write to. Raises InputError for one that may not be named (rules.md 11)."""
    try:
        return await info.context.application(given(input.application))
    except InputError as error:
        raise InputError(error.message, ("input", "application")) from None


async def known(info: Info, application: str | None, inputs: Iterable[Any]) -> Known:
    """What the ids in all these inputs name, asked for together. Raises what keeps Okube from telling."""
    listed = list(inputs)
    sites, points = _ids(listed, "sites"), _ids(listed, "points_of_interest")
    return Known(
        await _known_sites(info, application, sites) if sites else {},
        await _known_points(info, application, points) if points else {},
    )


def draft(input: Any, made: type[D], **references: Any) -> D:
    """The members of an input that a draft has. `references` stand in for lists of ids."""
    members = {name: _value(getattr(input, name)) for name in made.__struct_fields__ if hasattr(input, name)}
    return made(**{name: value for name, value in {**members, **references}.items() if value is not LEFT_OUT})


def campaign(input: Any, of: Known) -> Proposal[CampaignDraft]:
    """A campaign's input with its sites found."""
    sites, errors = _found(input, "sites", of.sites)
    return Proposal(draft(input, CampaignDraft, sites=sites), errors)


def study(input: Any, of: Known) -> Proposal[StudyDraft]:
    """A study's input with its sites and points of interest found."""
    sites, errors = _found(input, "sites", of.sites)
    points, more = _found(input, "points_of_interest", of.points_of_interest)
    return Proposal(draft(input, StudyDraft, sites=sites, points_of_interest=points), (*errors, *more))


def reference(text: str, kind: str) -> str | None:
    """Okube's `_id` in an id of `kind`; None where Okube cannot have such a record."""
    found = okube_id(text, kind)
    return found if found is not None and _REFERENCE.fullmatch(found) and found.strip(".") else None


async def record_reference(info: Info, text: str, kind: str) -> str | None:
    """As `reference`, looked up first: the route that changes it names no application (rules.md 11, quirk O9)."""
    found = reference(text, kind)
    record = None if found is None else await record_by_id(info, kind, OKUBE + found)
    return None if record is None else str(record.id)


async def site_reference(info: Info, text: str) -> str | None:
    """Okube's reference of the site of an id; None where there is none, or it is not the caller's, or not Okube's.

    A key of the crosswalk is turned into the `_id`: keys can be edited (quirk O7).
    """
    key = site_key(text)
    site = None if key is None else await info.context.site(key)
    if site is None or site.okube_id is not None or site.okube is None or _OBJECT_ID.fullmatch(site.okube):
        return None if site is None else site.okube_id or site.okube
    listed = (await _roster(info, None)).get(site.key)
    return None if listed is None else listed.okube_id


async def _known_sites(info: Info, application: str | None, ids: set[str]) -> dict[str, str]:
    listed = await _roster(info, application)
    found = {}
    for text in ids:
        site = listed.get(site_key(text) or "")
        if site is not None and site.okube_id is not None and info.context.principal.sees(site):
            found[text] = site.okube_id
    return found


async def _roster(info: Info, application: str | None) -> dict[str, Site]:
    """Sites by key; those that only Okube once knew by that old key as well."""
    roster = await info.context.roster(application)
    if roster.error is not None:
        raise roster.error
    by_old_key = {f"okube:{site.okube_id}": site for site in roster.sites if site.okube_id}
    return by_old_key | {site.key: site for site in roster.sites}


async def _known_points(info: Info, application: str | None, ids: set[str]) -> dict[str, str]:
    port = info.context.catalog.supplies.records()
    wanted = {text: found for text in ids if (found := reference(text, "PointOfInterest")) is not None}
    if len(wanted) <= _FEW:
        one_by_one = await asyncio.gather(*(port.point_of_interest(application, text) for text in wanted.values()))
        there = {point.id for point in one_by_one if point is not None}
    else:
        query = PointOfInterestQuery()
        every = await whole(
            lambda start, count: port.points_of_interest(application, query, start, count), port.page_rows
        )
        there = {point.id for point in every}
    return {text: found for text, found in wanted.items() if found in there}


def _ids(inputs: Iterable[Any], member: str) -> set[str]:
    """Ids of lists that are not too long: the others are refused without being looked at."""
    lists = (given(getattr(one, member, None)) or () for one in inputs)
    return {text for ids in lists if len(ids) <= MOST_MEMBERS for text in ids}


def _found(input: Any, member: str, known: Mapping[str, str]) -> tuple[Any, tuple[UserError, ...]]:
    """The references of a list of ids, each once, and an error for each that names nothing."""
    ids = getattr(input, member, LEFT_OUT)
    if not ids or ids is LEFT_OUT or len(ids) > MOST_MEMBERS:
        return _value(ids), ()
    what, name = ("site", "sites") if member == "sites" else ("point of interest", "pointsOfInterest")
    errors = tuple(
        UserError(UserErrorCode.NOT_FOUND, f"There is no such {what} at Okube.", (name, str(index)))
        for index, text in enumerate(ids)
        if text not in known
    )
    return tuple(dict.fromkeys(known[text] for text in ids if text in known)), errors


def _value(value: Any) -> Any:
    if isinstance(value, CoordinatesInput):
        return Coordinates(latitude=value.latitude, longitude=value.longitude)
    return tuple(value) if isinstance(value, list) else value
