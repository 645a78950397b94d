"""What Okube says of a site: asked once for all sites of an operation, null with its error where it is silent."""

from __future__ import annotations

import strawberry

from gateway.domain.place import SiteKind
from gateway.domain.site import Site as DomainSite
from gateway.domain.vendor import VendorKey
from gateway.schema.answering import nullable
from gateway.schema.arguments import (
    Info,
)
from gateway.schema.coordinates import Coordinates
from gateway.schema.scalars import JSON, DateTime

Source = strawberry.Parent[DomainSite]


@strawberry.type(description="The code under which one vendor knows a site.")
class SiteCode:
    """Read from domain.site.SiteCode."""

    vendor: VendorKey = strawberry.field(description="Whose code.")
    code: str = strawberry.field(description="The code: text, exact.")


async def told(info: Info, site: DomainSite, *, kinds: bool = False) -> DomainSite:
    """The site with what Okube says of it; one it has no code for is as it is. Raises where Okube does not answer."""
    request = info.context
    request.catalog.supplies.records()
    if site.okube is None and site.claimed:
        return site
    if site.okube_id is not None and not kinds:
        return site
    roster = await request.roster(kinds=kinds)
    if roster.error is not None:
        raise roster.error
    return roster.find(site.key) or site


@nullable
async def application(root: Source, info: Info) -> strawberry.ID | None:
    site = await told(info, root)
    return strawberry.ID(site.application) if site.application else None


@nullable
async def active(root: Source, info: Info) -> bool | None:
    return (await told(info, root)).active


@nullable
async def description(root: Source, info: Info) -> str | None:
    return (await told(info, root)).description


@nullable
async def address(root: Source, info: Info) -> JSON | None:
    return (await told(info, root)).address  # type: ignore[return-value]


@nullable
async def coordinates(root: Source, info: Info) -> Coordinates | None:
    return (await told(info, root)).coordinates  # type: ignore[return-value]


@nullable
async def openings(root: Source, info: Info) -> JSON | None:
    return (await told(info, root)).openings  # type: ignore[return-value]


@nullable
async def created_at(root: Source, info: Info) -> DateTime | None:
    return (await told(info, root)).created_at  # type: ignore[return-value]


@nullable
async def updated_at(root: Source, info: Info) -> DateTime | None:
    return (await told(info, root)).updated_at  # type: ignore[return-value]


async def _partly(info: Info, site: DomainSite, *, kinds: bool = False) -> DomainSite:
    """As `told`, for fields the crosswalk can answer in part: Okube's silence is noted, not raised."""
    if site.okube is None and site.claimed:
        return site
    if site.okube_id is not None and not kinds:
        return site
    roster = await info.context.roster(kinds=kinds)
    if roster.error is not None:
        info.context.note([roster.error], info._raw_info)  # noqa: SLF001
    return roster.find(site.key) or site


async def kind(root: Source, info: Info) -> SiteKind:
    return (await _partly(info, root, kinds=True)).kind


async def tags(root: Source, info: Info) -> list[str]:
    return list((await _partly(info, root)).tags)


async def codes(root: Source, info: Info) -> list[SiteCode]:
    return list((await _partly(info, root)).codes)  # type: ignore[arg-type]
