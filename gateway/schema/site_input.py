"""How sites are named, filtered and sorted."""

from __future__ import annotations

from typing import Any

import strawberry
from strawberry import UNSET

from gateway.domain.errors import InputError
from gateway.domain.okube_site import SiteQuery
from gateway.domain.place import SiteKind
from gateway.domain.site import Site as DomainSite
from gateway.domain.vendor import VendorKey
from gateway.federation.sites import SiteAsk
from gateway.loaders.request import MOST_MEMBERS
from gateway.schema.arguments import (
    given,
)
from gateway.schema.enums import SiteOrderField, SortDirection

Source = strawberry.Parent[DomainSite]


@strawberry.input(description="A code as one vendor writes it.")
class SiteCodeInput:
    """Exact text."""

    vendor: VendorKey = strawberry.field(description="Whose code.")
    code: str = strawberry.field(description="The code, exactly; for Okube the `_id` or a key.")


@strawberry.input(one_of=True, description="Names one site by exactly one of its names.")
class SiteBy:
    """One member is set."""

    id: strawberry.Maybe[strawberry.ID] = strawberry.field(description="Global id of the site.")
    key: strawberry.Maybe[str] = strawberry.field(description="The gateway's own key.")
    code: strawberry.Maybe[SiteCodeInput] = strawberry.field(description="A vendor's code.")


@strawberry.input(description="Which sites; members are joined by AND.")
class SiteFilter:
    """Unknown keys and tags match nothing."""

    keys: list[str] | None = strawberry.field(default=UNSET, description="Any of these keys.")
    tags: list[str] | None = strawberry.field(
        default=UNSET, description="Any of these tags, of the crosswalk or of Okube."
    )
    active: bool | None = strawberry.field(default=UNSET, description="As Okube marks it.")
    kind: SiteKind | None = strawberry.field(default=UNSET, description="Physical or online, as Okube tells it.")
    search: str | None = strawberry.field(
        default=UNSET, description="Found in key, name, codes or Okube key, without regard to case."
    )
    covered_by: list[VendorKey] | None = strawberry.field(
        default=UNSET, description="Sites all of these vendors know under a code."
    )
    application: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Okube's application whose sites are listed; left out: the configured one."
    )
    named: bool | None = strawberry.field(default=UNSET, description="Whether Okube has a name for it.")
    in_production: bool | None = strawberry.field(default=UNSET, description="Whether Okube has it in production.")
    has_draft: bool | None = strawberry.field(default=UNSET, description="Whether Okube has a plan of it in draft.")


@strawberry.input(description="How sites are sorted.")
class SiteOrder:
    """Defaults to KEY, ASC."""

    field: SiteOrderField = strawberry.field(default=SiteOrderField.KEY, description="What sites are sorted by.")
    direction: SortDirection = strawberry.field(default=SortDirection.ASC, description="Which end comes first.")


def site_ask(filter: SiteFilter | None, order: SiteOrder | None) -> SiteAsk:
    """The arguments of `sites` in the domain's terms. Raises InputError."""
    by_name = order is not None and order.field is SiteOrderField.NAME
    descending = order is not None and order.direction is SortDirection.DESC
    if filter is None:
        return SiteAsk(by_name=by_name, descending=descending)
    for member in ("keys", "tags", "covered_by"):
        if len(given(getattr(filter, member)) or ()) > MOST_MEMBERS:
            raise InputError(f"At most {MOST_MEMBERS} values can be named.", ("filter", member))
    query = {name: given(getattr(filter, name)) for name in ("active", "named", "in_production", "has_draft")}
    return SiteAsk(
        _set(filter.keys),
        _set(filter.tags),
        given(filter.kind),
        given(filter.search),
        _set(filter.covered_by) or frozenset(),
        given(filter.application),
        SiteQuery(**query),
        by_name,
        descending,
    )


def _set(values: Any) -> frozenset[Any] | None:
    return None if given(values) is None else frozenset(values)
