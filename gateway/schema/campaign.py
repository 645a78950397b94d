"""Campaigns: what was advertised, where, when and at what cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import UNSET

from gateway.domain.campaign import Campaign as DomainCampaign
from gateway.domain.campaign import CampaignPeriod, CampaignQuery, ExtraMode
from gateway.domain.campaign import KeyValue as DomainKeyValue
from gateway.execution.rows import Reads
from gateway.schema import connection
from gateway.schema.answering import rooted
from gateway.schema.arguments import Days, Info, days_of, given, instant_of, members, zone_of
from gateway.schema.connection import PageInfo
from gateway.schema.coverage import Coverage
from gateway.schema.enums import described
from gateway.schema.node import Node, encode
from gateway.schema.references import sites_of
from gateway.schema.scalars import JSON, Date, DateTime

if TYPE_CHECKING:
    from gateway.schema.site import Site

described(
    ExtraMode,
    "How several extra fields are joined.",
    {"AND": "All of them must match.", "OR": "Any of them may match."},
)
described(
    CampaignPeriod,
    "Which dates of a campaign a filter looks at.",
    {"COMPUTED": "Those Okube computed from what really ran.", "DIRECT": "Those that were planned."},
)

OPEN = " Null where it is open-ended."


@strawberry.type(description="The marketing channel of a campaign, as Okube copies it; the copy may lag.")
class Lever:
    """Read from domain.campaign.Lever."""

    id: strawberry.ID | None = strawberry.field(description="Okube's id of the channel.")
    name: str | None = strawberry.field(description="What the channel is called.")
    trigger: bool | None = strawberry.field(description="Whether the channel is a step of a form.")


@strawberry.type(description="One extra field of a campaign.")
class KeyValue:
    """Read from domain.campaign.KeyValue."""

    key: str = strawberry.field(description="Name of the field.")
    value: JSON | None = strawberry.field(description="Its value, as Okube keeps it.")


def _id(root: strawberry.Parent[DomainCampaign]) -> strawberry.ID:
    return encode("Campaign", f"okube:{root.id}")


@rooted
async def _sites(
    root: strawberry.Parent[DomainCampaign], info: Info
) -> list[Annotated[Site, strawberry.lazy("gateway.schema.site")]] | None:
    return await sites_of(info, root.sites)


@strawberry.type(description="A marketing campaign (Okube).")
class Campaign(Node):
    """Read from domain.campaign.Campaign."""

    id: strawberry.ID = strawberry.field(resolver=_id, description="Global id, for `node` and for updateCampaign.")
    application: strawberry.ID | None = strawberry.field(description="Okube's application it belongs to.")
    key: str = strawberry.field(description="Its key at Okube; can be edited there.")
    name: str | None = strawberry.field(description="What it is called.")
    description: str | None = strawberry.field(description="Free text.")
    tags: list[str] = strawberry.field(description="Okube's tags.")
    starts_on: Date | None = strawberry.field(description="First day, as planned." + OPEN)
    ends_on: Date | None = strawberry.field(description="Last day, as planned." + OPEN)
    computed_starts_on: Date | None = strawberry.field(
        description="First day, as Okube computed it from what really ran."
    )
    computed_ends_on: Date | None = strawberry.field(description="Last day, as Okube computed it from what really ran.")
    lever: Lever | None = strawberry.field(description="The marketing channel.")
    provider: str | None = strawberry.field(description="Who carried it out.")
    agency: str | None = strawberry.field(description="Who planned it.")
    format: str | None = strawberry.field(description="What it looked like, in the advertiser's words.")
    extra: list[KeyValue] = strawberry.field(description="Fields the advertiser added.")
    costs: list[JSON] = strawberry.field(description="Costs, as Okube keeps them; no currency is documented.")
    sites: list[Annotated[Site, strawberry.lazy("gateway.schema.site")]] | None = strawberry.field(
        resolver=_sites,
        description="The sites it names, as far as the caller may see them; empty for a global campaign, null where "
        "Okube tells none.",
    )

    is_type_of = Reads(DomainCampaign)


@strawberry.type(description="A campaign and its cursor.")
class CampaignEdge:
    """Read from EdgeSource."""

    cursor: str = strawberry.field(description=connection.CURSOR)
    node: Campaign = strawberry.field(description="The campaign.")


@strawberry.type(description="Campaigns, as Okube lists them.")
class CampaignConnection:
    """Read from ConnectionSource."""

    edges: list[CampaignEdge] = strawberry.field(description=connection.EDGES)
    nodes: list[Campaign] = strawberry.field(description=connection.NODES)
    page_info: PageInfo = strawberry.field(description=connection.PAGE_INFO)
    total_count: int | None = strawberry.field(description=connection.TOTAL)
    coverage: list[Coverage] = strawberry.field(description=connection.COVERAGE)


@strawberry.input(description="An extra field and the value asked of it.")
class ExtraInput:
    """Sent to Okube as `key:value`."""

    key: str = strawberry.field(description="Name of the field.")
    value: str = strawberry.field(description="Its value.")


@strawberry.input(description="Which campaigns; members are joined by AND and answered by Okube.")
class CampaignFilter:
    """Every documented filter of the list."""

    application: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Okube `_id` or key of the application; left out: the configured one."
    )
    keys: list[str] | None = strawberry.field(default=UNSET, description="Any of these keys.")
    search: str | None = strawberry.field(
        default=UNSET, description="Okube's search in name, key, lever, tags, provider, agency and format."
    )
    sites: list[strawberry.ID] | None = strawberry.field(
        default=UNSET, description="Global ids of sites that the campaign names. Inside a Site they narrow further."
    )
    tags: list[str] | None = strawberry.field(default=UNSET, description="Any of these tags.")
    levers: list[str] | None = strawberry.field(default=UNSET, description="Any of these channels, by id or key.")
    provider: str | None = strawberry.field(default=UNSET, description="Who carried it out.")
    agency: str | None = strawberry.field(default=UNSET, description="Who planned it.")
    format: str | None = strawberry.field(default=UNSET, description="What it looked like.")
    global_only: bool | None = strawberry.field(default=UNSET, description="Only campaigns that name no site.")
    trigger: bool | None = strawberry.field(
        default=UNSET, description="Only campaigns of a channel that is a form step."
    )
    extra: list[ExtraInput] | None = strawberry.field(default=UNSET, description="Extra fields asked.")
    extra_mode: ExtraMode = strawberry.field(
        default=ExtraMode.OR, description="Whether all of `extra` must match, or any."
    )
    period: CampaignPeriod | None = strawberry.field(default=UNSET, description="Which dates `days` looks at.")
    days: Days | None = strawberry.field(default=UNSET, description="Campaigns that run on any of these days.")
    timezone: str | None = strawberry.field(
        default=UNSET, description="IANA zone in which `days` and the four instants are read; UTC where left out."
    )
    starts_before: DateTime | None = strawberry.field(default=UNSET, description="Campaigns that start before.")
    starts_after: DateTime | None = strawberry.field(default=UNSET, description="Campaigns that start after.")
    ends_before: DateTime | None = strawberry.field(default=UNSET, description="Campaigns that end before.")
    ends_after: DateTime | None = strawberry.field(default=UNSET, description="Campaigns that end after.")


def campaign_query(filter: CampaignFilter | None, sites: tuple[str, ...] | None) -> CampaignQuery:
    """The filter in the domain's terms; `sites` are Okube's references. Raises InputError."""
    if filter is None:
        return CampaignQuery(sites=sites)
    days, extra = given(filter.days), members(filter.extra, "extra")
    return CampaignQuery(
        keys=members(filter.keys, "keys"),
        search=given(filter.search),
        sites=sites,
        tags=members(filter.tags, "tags"),
        levers=members(filter.levers, "levers"),
        provider=given(filter.provider),
        agency=given(filter.agency),
        format=given(filter.format),
        global_only=given(filter.global_only),
        trigger=given(filter.trigger),
        extra=None if extra is None else tuple(DomainKeyValue(pair.key, pair.value) for pair in extra),
        extra_mode=filter.extra_mode,
        period=given(filter.period),
        days=None if days is None else days_of(days),
        timezone=zone_of(filter.timezone),
        starts_before=instant_of(filter.starts_before),
        starts_after=instant_of(filter.starts_after),
        ends_before=instant_of(filter.ends_before),
        ends_after=instant_of(filter.ends_after),
    )
