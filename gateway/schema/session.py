"""Sessions: stays of people, of two kinds that are never added up."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import strawberry
from strawberry import UNSET

from gateway.access.scopes import Scope
from gateway.domain.session import AppRecord, SessionDefinition, SessionStatus
from gateway.domain.session import AppSession as DomainAppSession
from gateway.domain.session import WifiSession as DomainWifiSession
from gateway.domain.vendor import VendorKey
from gateway.execution.rows import ROW, OfSource, Reads, Row
from gateway.federation.sessions import VENDORS
from gateway.loaders.request import Request
from gateway.schema import connection
from gateway.schema.arguments import Info
from gateway.schema.connection import PageInfo
from gateway.schema.coverage import Coverage
from gateway.schema.scalars import BigInt, DateTime

if TYPE_CHECKING:
    from gateway.schema.site import Site

SiteField: TypeAlias = Annotated["Site", strawberry.lazy("gateway.schema.site")]

DEVICE = (
    "Keyed pseudonym of the device: stable for joining and counting, meaningless without the gateway's key. Null where "
    "the vendor names no device."
)
RAW = " Raw identifier: scope pii:read, null with FORBIDDEN without it."


def _id(root: strawberry.Parent[DomainAppSession | DomainWifiSession], info: Info) -> strawberry.ID:
    return strawberry.ID(_ids(info.context)(root))


def _ids(request: Request) -> OfSource:
    app, wifi = (request.pseudonyms.ids("Session", vendor.value).one for vendor in VENDORS)

    def opaque(row: DomainAppSession | DomainWifiSession) -> str:
        return row.opaque or (app if type(row) is DomainAppSession else wifi)(row.record.id)

    return opaque


def _device(root: strawberry.Parent[DomainAppSession | DomainWifiSession], info: Info) -> strawberry.ID | None:
    device = _devices(info.context)(root)
    return strawberry.ID(device) if device else None


def _devices(request: Request) -> OfSource:
    pseudonym = request.pseudonyms.device

    def device(row: DomainAppSession | DomainWifiSession) -> str | None:
        record = row.record
        identifier = record.device_id if isinstance(record, AppRecord) else record.device_mac
        return pseudonym(row.vendor, identifier) if identifier else None

    return device


def _raw(member: str, description: str) -> Any:
    """A raw identifier of the record: null with FORBIDDEN for callers without the scope (rules.md 12)."""
    read = attrgetter(f"record.{member}")

    def shown(root: strawberry.Parent[Any], info: Info) -> Any:
        if info.context.principal.has(Scope.PII_READ):
            return read(root)
        info.context.forbid(info._raw_info, Scope.PII_READ)  # noqa: SLF001
        return None

    row = Row(
        lambda request: read if request.principal.has(Scope.PII_READ) else None,
        lambda request, info, count: request.forbid(info, Scope.PII_READ, count),
    )
    return strawberry.field(resolver=shown, description=description + RAW, metadata={ROW: row})


@strawberry.interface(
    description="One stay, as one vendor saw it. Vendors mean different things by it: see `definition`."
)
class Session:
    """Implemented by AppSession and WifiSession."""

    id: strawberry.ID = strawberry.field(
        resolver=_id,
        description="Opaque and stable; holds nothing of the person. Not an id for `node`.",
        metadata={ROW: Row(_ids, made="opaque")},
    )
    vendor: VendorKey = strawberry.field(description="Who recorded it.")
    definition: SessionDefinition = strawberry.field(description="What this vendor counts as one session.")
    site: SiteField | None = strawberry.field(description="Where it was recorded.")
    started_at: DateTime = strawberry.field(description="When it began. A session belongs to the window of its start.")
    ended_at: DateTime | None = strawberry.field(
        description="When it ended; null while it is open, for ever where the vendor never closed it."
    )
    duration_seconds: int | None = strawberry.field(
        description="Whole seconds as the vendor reports them; null while the stay has no end."
    )
    status: SessionStatus = strawberry.field(description="Whether it has ended.")
    device: strawberry.ID | None = strawberry.field(resolver=_device, description=DEVICE, metadata={ROW: Row(_devices)})


@strawberry.type(description="Foreground span of an app that carries the vendor's SDK (Bespot).")
class AppSession(Session):
    """Read from domain.session.AppSession."""

    device_id: strawberry.ID | None = _raw("device_id", "Identifier of the app's installation.")
    user_id: strawberry.ID | None = _raw("user_id", "The person's identifier, as the app's maker gave it.")
    alternate_user_id: str | None = _raw(
        "alternate_user_id", "A second identifier, as the app's maker gave it: any text."
    )

    is_type_of = Reads(DomainAppSession)


@strawberry.type(description="Login of a guest on the venue's Wi-Fi.")
class WifiSession(Session):
    """Read from domain.session.WifiSession."""

    @strawberry.field(description="What the vendor says of the device, such as WebKit.")
    def device_description(root: strawberry.Parent[DomainWifiSession]) -> str | None:
        return root.record.device_description

    @strawberry.field(description="How the guest logged in, in the vendor's words, such as Registration.")
    def login_type(root: strawberry.Parent[DomainWifiSession]) -> str | None:
        return root.record.login_type

    @strawberry.field(description="The plan the guest was given, in the vendor's words.")
    def service_profile(root: strawberry.Parent[DomainWifiSession]) -> str | None:
        return root.record.service_profile

    @strawberry.field(description="Parsed from text such as 3.34 MB; approximate.")
    def downloaded_bytes(root: strawberry.Parent[DomainWifiSession]) -> BigInt | None:
        return _as_bytes(root.record.downloaded_bytes)

    @strawberry.field(description="Parsed from text such as 900.58 kB; approximate.")
    def uploaded_bytes(root: strawberry.Parent[DomainWifiSession]) -> BigInt | None:
        return _as_bytes(root.record.uploaded_bytes)

    device_mac: str | None = _raw("device_mac", "MAC address of the device.")
    device_ip: str | None = _raw(
        "device_ip", "Address the venue's network gave the device; used again by others later."
    )
    guest_id: strawberry.ID | None = _raw("guest_id", "The vendor's identifier of the guest.")
    yas_id: strawberry.ID | None = _raw("yas_id", "The vendor's second identifier, which its documents do not explain.")

    is_type_of = Reads(DomainWifiSession)


def _as_bytes(value: int | None) -> BigInt | None:
    return None if value is None else BigInt(value)


@strawberry.type(description="A session and its cursor.")
class SessionEdge:
    """Read from EdgeSource."""

    cursor: str = strawberry.field(description=connection.CURSOR)
    node: Session = strawberry.field(description="The session.")


@strawberry.type(description="Sessions of every vendor asked in one order: by start, vendor and the vendor's own id.")
class SessionConnection:
    """Read from ConnectionSource."""

    edges: list[SessionEdge] = strawberry.field(description=connection.EDGES)
    nodes: list[Session] = strawberry.field(description=connection.NODES)
    page_info: PageInfo = strawberry.field(description=connection.PAGE_INFO)
    total_count: int | None = strawberry.field(description=connection.TOTAL)
    coverage: list[Coverage] = strawberry.field(description=connection.COVERAGE)


@strawberry.input(description="Which sessions; members are joined by AND, the values of one member by OR.")
class SessionFilter:
    """Raw identifiers in here are never logged."""

    sites: list[strawberry.ID] | None = strawberry.field(
        default=UNSET, description="Global ids of sites. Inside a Site they narrow to what is named both ways."
    )
    vendors: list[VendorKey] | None = strawberry.field(
        default=UNSET, description="Only sessions these vendors recorded."
    )
    status: list[SessionStatus] | None = strawberry.field(default=UNSET, description="Only sessions in these states.")
    device: strawberry.ID | None = strawberry.field(default=UNSET, description="Pseudonym from Session.device.")
    device_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Raw identifier of an app's installation (Bespot). Scope pii:read."
    )
    guest_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="The Wi-Fi vendor's identifier of a guest. Scope pii:read."
    )
    device_mac: str | None = strawberry.field(
        default=UNSET, description="MAC address of a device on the Wi-Fi. Scope pii:read."
    )
    yas_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="The Wi-Fi vendor's second identifier. Scope pii:read."
    )
