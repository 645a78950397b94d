"""Stays of people. Vendors mean different things by "session": see `SessionDefinition` (quirks B10, X1).

A vendor supplies records (what it said, under its own code); the gateway serves sessions (with the site, and the
status that depends on what time it is). Identifiers of people stay raw in here and are masked where they leave.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from gateway.domain.instant import Micros
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey


class SessionDefinition(StrEnum):
    """What the vendor counts as one session. Sessions of different definitions are not comparable."""

    APP_FOREGROUND = "APP_FOREGROUND"
    WIFI_LOGIN = "WIFI_LOGIN"


class SessionStatus(StrEnum):
    """STALE: never closed by the vendor and older than the configured limit (quirk B9)."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"
    STALE = "STALE"


class AppRecord(msgspec.Struct, gc=False):
    """One Bespot session as sent: `code` is the store code, texts are UTC instants, "" is already None (quirk B12)."""

    start: Micros
    id: str
    code: str
    started_at: str
    ended_at: str | None
    duration_seconds: int | None
    device_id: str | None
    user_id: str | None
    alternate_user_id: str | None


class WifiRecord(msgspec.Struct, gc=False):
    """One guest Wi-Fi login as sent: `code` is the location id. `online` is what the vendor says of now.

    `id` falls back to a hash where the vendor gives none (quirk G14). The voucher (`access_code`) is never read.
    """

    start: Micros
    id: str
    code: str
    started_at: str
    ended_at: str | None
    duration_seconds: int | None
    online: bool
    device_description: str | None
    login_type: str | None
    service_profile: str | None
    downloaded_bytes: int | None
    uploaded_bytes: int | None
    device_mac: str | None
    device_ip: str | None
    guest_id: str | None
    yas_id: str | None


class AppSession(msgspec.Struct, gc=False):
    """One stay in an app, as served. `record` holds what the vendor said, `opaque` the id shown, once it is made."""

    record: AppRecord
    site: Site
    status: SessionStatus
    started_at: str
    ended_at: str | None
    duration_seconds: int | None
    opaque: str | None = None

    vendor = VendorKey.BESPOT
    definition = SessionDefinition.APP_FOREGROUND


class WifiSession(msgspec.Struct, gc=False):
    """One Wi-Fi login, as served. `record` holds what the vendor said, `opaque` the id shown, once it is made."""

    record: WifiRecord
    site: Site
    status: SessionStatus
    started_at: str
    ended_at: str | None
    duration_seconds: int | None
    opaque: str | None = None

    vendor = VendorKey.GUEST_WIFI
    definition = SessionDefinition.WIFI_LOGIN


class SessionQuery(msgspec.Struct, frozen=True):
    """What of a session filter a vendor can be asked for; each takes its own members and ignores the others.

    `device_id` is Bespot's; `guest_id`, `device_mac`, `yas_id` and `online` are the guest Wi-Fi's.
    """

    device_id: str | None = None
    guest_id: str | None = None
    device_mac: str | None = None
    yas_id: str | None = None
    online: bool | None = None


class GuestLease(msgspec.Struct, frozen=True):
    """Who holds one Wi-Fi address now, and for how long. Never cached, never logged (quirks G10, G11)."""

    address: str
    username: str | None
    name: str | None
    email: str | None
    duration_seconds: int | None
