"""The guest Wi-Fi's own words: the shapes of its answers as its document prints them.

Only what is read is declared. `access_code` is a usable voucher and must never become a field here (quirk G11); the
`*_formatted` members are local times without a zone and are not read either (quirk G7).
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Amount = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class GuestSession(msgspec.Struct, gc=False):
    """One element of `data`. Known from a sample only; some members came later (quirk G14), "" stands for none."""

    location_id: str
    start_time: str
    id: str | None = None
    location_name: str | None = None
    guest_device_description: str | None = None
    guest_device_mac: str | None = None
    guest_device_ip: str | None = None
    login_type_name: str | None = None
    service_profile_name: str | None = None
    total_duration: str | None = None
    downloaded_data: str | None = None
    uploaded_data: str | None = None
    connection_status: str | None = None
    connection_status_value: int | None = None
    end_time: str | None = None
    guest_id: str | None = None
    yas_id: str | None = None


class Links(msgspec.Struct, gc=False):
    """`next` holds an unexpanded `[[BaseUrl]]` and is never followed (quirk G2); null ends the list."""

    next: str | None


class Position(msgspec.Struct, gc=False):
    """`current_page` guards against a vendor that ignores `page`."""

    current_page: int


class SessionPage(msgspec.Struct, gc=False):
    """Answer of `/sessions`. There is no total (quirk G1)."""

    data: list[GuestSession]
    links: Links
    meta: Position


class SessionCount(msgspec.Struct, gc=False):
    """Answer of `/sessions/count`."""

    count: Amount


class SessionDuration(msgspec.Struct, gc=False):
    """Answer of `/sessions/{ip_address}`, alone or in an array (quirk G8). `duration` is in seconds."""

    username: str | None
    name: str | None
    email: str | None
    duration: Amount | None
    ip_address: str | None = None
