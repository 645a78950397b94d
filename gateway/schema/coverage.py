"""Coverage: what one vendor contributed to an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from gateway.domain.coverage import Coverage as DomainCoverage
from gateway.domain.coverage import CoverageState
from gateway.domain.vendor import VendorKey
from gateway.execution.rows import Reads
from gateway.schema.scalars import DateTime

if TYPE_CHECKING:
    from gateway.schema.site import Site


@strawberry.type(
    description="What one vendor contributed to an answer. `no data`, `vendor failed` and `site not covered by the "
    "vendor` are three different answers."
)
class Coverage:
    """Read from domain.coverage.Coverage."""

    vendor: VendorKey = strawberry.field(description="Whom this line speaks of.")
    state: CoverageState = strawberry.field(description="How much of what was asked is here.")
    as_of: DateTime | None = strawberry.field(
        description="Newest instant the vendor's answer can speak for. Later facts may exist and not be told yet."
    )
    stale: bool = strawberry.field(
        description="Served from cache past its freshness because the vendor could not be asked."
    )
    sites: list[Annotated[Site, strawberry.lazy("gateway.schema.site")]] | None = strawberry.field(
        description="Sites this line speaks of; null: every site asked."
    )
    code: str | None = strawberry.field(
        description="Set when state is FAILED or PARTIAL, and VENDOR_NOT_CONFIGURED on NOT_COVERED for that reason; "
        "the same codes as in the error extensions."
    )
    vendor_code: str | None = strawberry.field(description="The vendor's own error code, where it gave one.")
    retry_after: float | None = strawberry.field(description="Seconds until asking again makes sense.")

    is_type_of = Reads(DomainCoverage)
