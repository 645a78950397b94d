"""Who holds a Wi-Fi address now. Every value here is a person's: scope pii:read, never cached, never logged."""

from __future__ import annotations

from ipaddress import ip_address

import strawberry

from gateway.access.scopes import Scope
from gateway.domain.errors import Forbidden, InputError
from gateway.domain.session import GuestLease as DomainGuestLease
from gateway.loaders.request import MOST_MEMBERS
from gateway.schema.arguments import Info


@strawberry.type(description="The guest who holds one Wi-Fi address now. Addresses are used again: this is no history.")
class GuestLease:
    """Read from domain.session.GuestLease."""

    address: str = strawberry.field(description="The address asked, in its canonical form.")
    username: str | None = strawberry.field(description="The guest's user name.")
    name: str | None = strawberry.field(description="The guest's name.")
    email: str | None = strawberry.field(description="The guest's e-mail address.")
    duration_seconds: int | None = strawberry.field(description="How long the guest has held the address, in seconds.")


async def leases(info: Info, addresses: list[str]) -> list[DomainGuestLease | None]:
    """Answers in the order asked, None where unknown. Addresses are checked before anything is asked (quirk G9)."""
    info.context.require(Scope.PII_READ)
    if info.context.principal.limited:  # a lease does not tell its venue: it may be another's guest
        raise Forbidden("Addresses are told to callers without a site limit only.")
    if info.context.by_get:
        raise InputError("Addresses of people are not taken from a URL: use POST.", ("addresses",))
    if len(addresses) > MOST_MEMBERS:
        raise InputError(f"At most {MOST_MEMBERS} addresses can be asked.", ("addresses",))
    canonical = [_canonical(text, index) for index, text in enumerate(addresses)]
    port = info.context.catalog.supplies.guests()
    found = await port.leases(list(dict.fromkeys(canonical))) if canonical else {}
    return [found.get(address) for address in canonical]


def _canonical(text: str, index: int) -> str:
    try:
        address = ip_address(text.strip())
    except ValueError:
        raise InputError("Not an IP address.", ("addresses", index)) from None
    if getattr(address, "scope_id", None):
        raise InputError("Not an IP address: a zone cannot be asked.", ("addresses", index))
    return str(address)
