"""The guest Wi-Fi's rows as values of the domain. Pure.

A figure that cannot be read is None and counted, never guessed and never repeated in a message: texts such as
"3.34 MB" are the vendor's, and identifiers in the same row are people's.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from ipaddress import ip_address

import msgspec

from gateway.domain import instant
from gateway.domain.errors import Malformed
from gateway.domain.instant import Micros
from gateway.domain.session import GuestLease, SessionQuery, WifiRecord
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.vendors.guest_wifi.wire import GuestSession, SessionDuration

_DURATION = re.compile(r"(\d{1,7}):([0-5]\d):([0-5]\d)", re.ASCII)
_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,6})?) ?(B|kB|KB|MB|GB|TB|PB)", re.ASCII)
_POWERS = {"B": 0, "kB": 1, "KB": 1, "MB": 2, "GB": 3, "TB": 4, "PB": 5}
_LARGEST = 2**53 - 1


def wifi_records(rows: Sequence[GuestSession], size_base: int, unreadable: Counter[str]) -> list[WifiRecord]:
    """Records in the vendor's order. `unreadable` counts members whose text means nothing, by name."""
    return [_record(row, index, size_base, unreadable) for index, row in enumerate(rows)]


def matches(record: WifiRecord, window: Window, code: str | None, query: SessionQuery) -> bool:
    """Whether a record is what was asked for, whatever days the vendor's filters took in (quirk G5)."""
    return (
        record.start in window
        and (code is None or record.code == code)
        and (query.guest_id is None or record.guest_id == query.guest_id)
        and (query.device_mac is None or _folded(record.device_mac) == _folded(query.device_mac))
        and (query.yas_id is None or _folded(record.yas_id) == _folded(query.yas_id))
        and (query.online is None or record.online is query.online)
    )


def first_day(window: Window, margin: int) -> date:
    """The day to ask "started after": early enough whether the vendor includes that day or not (rules.md 17)."""
    return _moved(instant.day_of(window.start), -margin)


def last_day(window: Window, margin: int, longest_stay: int) -> date:
    """The day to ask "ended before": for a window that ends at midnight, `longest_stay` days past its end.

    A stay that began just before the end and lasted so long is in, whether the vendor includes that day or not.
    """
    return _moved(instant.day_of(window.end - 1), longest_stay + margin)


def leases(rows: Sequence[SessionDuration], asked: Sequence[str]) -> dict[str, GuestLease]:
    """Who holds which of the addresses asked, matched by address and never by position (quirk G8).

    An answer that names no address is about the one asked; where several were asked it is about nobody we could name.
    """
    wanted = set(asked)
    found: dict[str, GuestLease] = {}
    for index, row in enumerate(rows):
        where = f"$[{index}].ip_address"
        if row.ip_address:
            try:
                address = canonical(row.ip_address)
            except ValueError as problem:
                raise drifted(where, problem) from None
        elif len(asked) == len(rows) == 1:
            address = asked[0]
        else:
            raise drifted(where, "it is missing though several addresses were asked")
        if address in wanted:
            found[address] = GuestLease(
                address, row.username or None, row.name or None, row.email or None, row.duration
            )
    return found


def locations(rows: Sequence[GuestSession]) -> list[tuple[str, str | None]]:
    """Venues met, by id; of several names the latest row's."""
    names: dict[str, str | None] = {}
    for row in rows:
        names[row.location_id] = row.location_name or names.get(row.location_id)
    return sorted(names.items())


def canonical(address: str) -> str:
    """One text per address; zones of IPv6 are refused, they are free text. Raises ValueError without the text."""
    try:
        parsed = ip_address(address)
    except ValueError:
        raise ValueError("not an IP address") from None
    if "%" in address:
        raise ValueError("an IP address with a zone")
    return str(parsed)


def seconds(text: str) -> int | None:
    """Seconds of HH:MM:SS; hours may pass 24 (quirk G6). None where it is something else."""
    found = _DURATION.fullmatch(text)
    return int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3]) if found else None


def size(text: str, base: int) -> int | None:
    """Bytes of "3.34 MB", as near as two decimals allow (quirk G6). None where it is something else."""
    found = _SIZE.fullmatch(text)
    if found is None:
        return None
    number = int((Decimal(found[1]) * base ** _POWERS[found[2]]).to_integral_value())
    return number if number <= _LARGEST else None


def drifted(member: str, problem: ValueError | str) -> Malformed:
    """An error that names a member, never its value."""
    return Malformed(
        VendorKey.GUEST_WIFI,
        f"The guest Wi-Fi sent something else than it documents at {member}: {problem}.",
        member=member,
    )


def _record(row: GuestSession, index: int, size_base: int, unreadable: Counter[str]) -> WifiRecord:
    where = f"$.data[{index}]"
    start, started_at = _instant(row.start_time, f"{where}.start_time")
    ended_at = _instant(row.end_time, f"{where}.end_time")[1] if row.end_time else None

    def readable(member: str, text: str | None, figure: int | None) -> int | None:
        if text and figure is None:
            unreadable[member] += 1
        return figure

    duration = readable("total_duration", row.total_duration, seconds(row.total_duration or ""))
    return WifiRecord(
        start=start,
        id=row.id or _fallback_id(row, started_at),
        code=row.location_id,
        started_at=started_at,
        ended_at=ended_at,
        duration_seconds=duration if ended_at else None,
        online=_online(row),
        device_description=row.guest_device_description or None,
        login_type=row.login_type_name or None,
        service_profile=row.service_profile_name or None,
        downloaded_bytes=readable("downloaded_data", row.downloaded_data, size(row.downloaded_data or "", size_base)),
        uploaded_bytes=readable("uploaded_data", row.uploaded_data, size(row.uploaded_data or "", size_base)),
        device_mac=row.guest_device_mac or None,
        device_ip=row.guest_device_ip or None,
        guest_id=row.guest_id or None,
        yas_id=row.yas_id or None,
    )


def _instant(text: str, member: str) -> tuple[Micros, str]:
    try:
        moment = instant.parse(text)
        return moment, instant.text(moment)
    except (ValueError, OverflowError) as problem:
        reason = problem if isinstance(problem, ValueError) else "not an instant of the calendar once in UTC"
        raise drifted(member, reason) from None


def _online(row: GuestSession) -> bool:
    """The value tells; the text, which may be translated, only where there is no value (quirk G15)."""
    if row.connection_status_value is not None:
        return row.connection_status_value != 0
    return (row.connection_status or "").casefold() == "online"


def _fallback_id(row: GuestSession, started_at: str) -> str:
    """For rows of the older edition, which carry none (quirk G14): the same from the first sight to the last."""
    parts = msgspec.json.encode((row.location_id, row.guest_id, started_at))
    return hashlib.sha256(parts).hexdigest()[:32]


def _folded(text: str | None) -> str | None:
    return text.casefold() if text is not None else None


def _moved(day: date, days: int) -> date:
    """`day` moved, and kept within the calendar."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.min if days < 0 else date.max
