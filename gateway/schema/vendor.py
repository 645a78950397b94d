"""State of the vendors, and who is asking."""

from __future__ import annotations

import strawberry

from gateway.access.scopes import Scope
from gateway.domain.instant import Micros
from gateway.domain.quota import QuotaState as DomainQuota
from gateway.domain.quota import VendorHealth, VendorState
from gateway.domain.vendor import VendorKey
from gateway.schema.arguments import Info
from gateway.schema.scalars import DateTime


@strawberry.type(description="A vendor's allowance of calls: at most `limit` in any `perSeconds`.")
class Quota:
    """Read from domain.quota.QuotaState."""

    name: str = strawberry.field(description="The endpoint it counts.")
    limit: int = strawberry.field(description="Calls allowed.")
    per_seconds: int = strawberry.field(description="Length of the span, in seconds.")
    remaining: int = strawberry.field(description="Calls that could be made at once now.")
    resets_at: DateTime | None = strawberry.field(description="When the next call is freed; null while all are free.")

    @classmethod
    def is_type_of(cls, source: object, _: object) -> bool:
        return isinstance(source, DomainQuota)


@strawberry.type(description="State of one vendor: quota, breaker, freshness.")
class Vendor:
    """What its calls have met since start."""

    key: VendorKey = strawberry.field(description="Which vendor.")
    title: str = strawberry.field(description="The vendor's name.")
    simulated: bool = strawberry.field(description="True when the built-in simulator answers instead of the vendor.")
    health: strawberry.Private[VendorHealth]
    codes: strawberry.Private[list[str]]

    @strawberry.field(description="How it is doing.")
    def state(self) -> VendorState:
        return self.health.state

    @strawberry.field(description="Its allowances, where it has any.")
    def quotas(self) -> list[Quota]:
        return list(self.health.quotas)  # type: ignore[arg-type]  # plain sources

    @strawberry.field(description="When a call last succeeded.")
    def last_success_at(self) -> DateTime | None:
        return _instant(self.health.last_success_at)

    @strawberry.field(description="When a call last failed.")
    def last_failure_at(self) -> DateTime | None:
        return _instant(self.health.last_failure_at)

    @strawberry.field(description="Code of the last failure, as in the error extensions.")
    def last_failure_code(self) -> str | None:
        return self.health.last_failure_code

    @strawberry.field(
        description="Codes met in this vendor's answers that no site claims, since start. Scope admin; empty with "
        "FORBIDDEN without it."
    )
    def unclaimed_codes(self, info: Info) -> list[str]:
        if info.context.principal.has(Scope.ADMIN) and not info.context.principal.limited:
            return self.codes
        info.context.forbid(info._raw_info, Scope.ADMIN)  # noqa: SLF001
        return []


def _instant(value: Micros | None) -> DateTime | None:
    return value  # type: ignore[return-value]  # the scalar writes microseconds as text


async def vendors(info: Info) -> list[Vendor]:
    """One line per vendor of the contract, those that are not configured too."""
    catalog = info.context.catalog
    lines = []
    for key in VendorKey:
        supply = catalog.supplies.get(key)
        if supply is None:
            health, title = VendorHealth(VendorState.NOT_CONFIGURED), TITLES[key]
        else:
            health, title = await supply.health.health(), supply.title
        simulated = supply is not None and supply.simulated
        lines.append(
            Vendor(
                key=key,
                title=title,
                simulated=simulated,
                health=health,
                codes=catalog.crosswalk.unclaimed(key),
            )
        )
    return lines


TITLES = {
    VendorKey.BESPOT: "Bespot",
    VendorKey.SHOPSTER: "Shopster",
    VendorKey.OKUBE: "Okube",
    VendorKey.GUEST_WIFI: "Guest Wi-Fi",
}


@strawberry.type(description="Who the gateway thinks is asking.")
class Viewer:
    """Needs no scope."""

    name: str = strawberry.field(description="Name of the key or token; `anonymous` for a caller without credentials.")
    scopes: list[str] = strawberry.field(
        description="What this caller may do: read, write, pii:read, cache:bypass, admin."
    )
