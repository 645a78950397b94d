"""Which codes are one site: the operator's `sites.toml`, checked whole before the gateway starts.

Codes are text and exact. Nothing is ever joined on a name, and a code that nobody claims is counted, never served.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from gateway.domain.site import Level, ShopsterObject, Site
from gateway.domain.vendor import VendorKey
from gateway.settings import ConfigurationError

_MEMBERS = {"key", "name", "timezone", "tags", "bespot", "okube", "shopster", "guest_wifi"}
_MOST_UNCLAIMED = 10_000


class Crosswalk:
    """The sites of the crosswalk, in key order, and the codes met that none of them claims."""

    def __init__(self, sites: Iterable[Site] = ()) -> None:
        self.sites: tuple[Site, ...] = tuple(sorted(sites, key=lambda site: site.key))
        self.by_key: Mapping[str, Site] = {site.key: site for site in self.sites}
        self._by_code: dict[VendorKey, dict[str, Site]] = {vendor: {} for vendor in VendorKey}
        for site in self.sites:
            for code in site.codes:
                self._by_code[code.vendor][code.code] = site
        self._unclaimed: dict[VendorKey, dict[str, str | None]] = {vendor: {} for vendor in VendorKey}

    def claimed(self, vendor: VendorKey) -> Mapping[str, Site]:
        """Site by code, for one vendor."""
        return self._by_code[vendor]

    def met(self, vendor: VendorKey, codes: Iterable[str], names: Mapping[str, str | None] | None = None) -> None:
        """Notes codes a vendor spoke of; those nobody claims are kept for the operator (rules.md 19)."""
        claimed, unclaimed = self._by_code[vendor], self._unclaimed[vendor]
        for code in codes:
            if code not in claimed and (code in unclaimed or len(unclaimed) < _MOST_UNCLAIMED):
                unclaimed[code] = (names or {}).get(code) or unclaimed.get(code)

    def unclaimed(self, vendor: VendorKey) -> list[str]:
        """Codes met since start that no site claims, sorted."""
        return sorted(self._unclaimed[vendor])


def parse(text: str) -> Crosswalk:
    """The crosswalk in TOML `text`. Raises ConfigurationError with one line that names the entry."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"GATEWAY_SITES: not valid TOML: {error}") from None
    unknown = sorted(set(document) - {"site"})
    if unknown:
        raise ConfigurationError(f"GATEWAY_SITES: unknown member `{unknown[0]}`; entries are written [[site]]")
    entries = document.get("site", [])
    if not isinstance(entries, list):
        raise ConfigurationError("GATEWAY_SITES: entries are written [[site]], with two brackets")
    sites = [_site(entry, number) for number, entry in enumerate(entries, start=1)]
    _refuse_duplicates(sites)
    return Crosswalk(sites)


class _Entry:
    """One [[site]] and the words to complain about it."""

    def __init__(self, values: Mapping[str, Any], number: int) -> None:
        self.values = values
        key = values.get("key")
        self.name = f"site {key!r}" if isinstance(key, str) and key else f"site number {number}"

    def refuse(self, what: str) -> ConfigurationError:
        return ConfigurationError(f"GATEWAY_SITES: {self.name}: {what}")

    def text(self, member: str, *, required: bool = False) -> str | None:
        value = self.values.get(member)
        if value is None and not required:
            return None
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            raise self.refuse(f"`{member}` must be text: put it in quotes")
        if not isinstance(value, str) or not value.strip():
            raise self.refuse(f"`{member}` must be a text that is not empty")
        return value

    def texts(self, member: str) -> tuple[str, ...]:
        value = self.values.get(member, [])
        if not isinstance(value, list):
            raise self.refuse(f'`{member}` must be a list, such as ["116500"]')
        for item in value:
            if isinstance(item, (int, float)) and not isinstance(item, bool):
                raise self.refuse(f"`{member}` holds a number where text is meant: put codes in quotes")
            if not isinstance(item, str) or not item:
                raise self.refuse(f"`{member}` must hold texts that are not empty")
        return tuple(value)


def _site(values: object, number: int) -> Site:
    if not isinstance(values, dict):
        raise ConfigurationError("GATEWAY_SITES: entries are written [[site]], with two brackets")
    entry = _Entry(values, number)
    unknown = sorted(set(values) - _MEMBERS)
    if unknown:
        raise entry.refuse(f"unknown member `{unknown[0]}`")
    key = entry.text("key", required=True) or ""
    if key.startswith("okube:") or len(key) > 250 or not key.isprintable():
        raise entry.refuse("`key` must be printable, at most 250 characters, and not start with `okube:`")
    tags = entry.texts("tags")
    return Site(
        key=key,
        name=entry.text("name") or key,
        timezone=_timezone(entry),
        tags=tags,
        crosswalk_tags=tags,
        bespot=entry.texts("bespot"),
        okube=entry.text("okube"),
        shopster=_objects(entry),
        guest_wifi=entry.texts("guest_wifi"),
    )


def _timezone(entry: _Entry) -> str:
    name = entry.values.get("timezone")
    if name is None:
        raise entry.refuse("`timezone` is missing: an IANA name such as Europe/Athens")
    if not isinstance(name, str):
        raise entry.refuse("`timezone` must be an IANA name such as Europe/Athens")
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise entry.refuse("`timezone` is not a known IANA name such as Europe/Athens") from None
    return name


def _objects(entry: _Entry) -> tuple[ShopsterObject, ...]:
    value = entry.values.get("shopster", [])
    if not isinstance(value, list):
        raise entry.refuse('`shopster` must be a list, such as [{ id = 1290, kind = "mall" }]')
    found = []
    for item in value:
        if not isinstance(item, dict) or set(item) != {"id", "kind"}:
            raise entry.refuse('`shopster` must hold tables like { id = 1290, kind = "mall" }')
        number, kind = item["id"], item["kind"]
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise entry.refuse("`shopster` ids are whole numbers without quotes")
        if kind not in {level.value for level in Level}:
            raise entry.refuse("`shopster` kind must be mall, floor or zone")
        found.append(ShopsterObject(number, Level(kind)))
    return tuple(found)


def _refuse_duplicates(sites: Iterable[Site]) -> None:
    keys: set[str] = set()
    owner: dict[tuple[VendorKey, str], str] = {}
    for site in sites:
        if site.key in keys:
            raise ConfigurationError(f"GATEWAY_SITES: site {site.key!r}: the key stands twice")
        keys.add(site.key)
        listed = [
            *((VendorKey.BESPOT, code) for code in site.bespot),
            *((VendorKey.SHOPSTER, str(thing.id)) for thing in site.shopster),
            *((VendorKey.OKUBE, code) for code in (site.okube,) if code),
            *((VendorKey.GUEST_WIFI, code) for code in site.guest_wifi),
        ]
        for vendor, code in listed:
            other = owner.setdefault((vendor, code), site.key)
            if other != site.key or listed.count((vendor, code)) > 1:
                raise ConfigurationError(
                    f"GATEWAY_SITES: site {site.key!r}: {vendor.folder} code {code!r} is claimed "
                    + (f"by site {other!r} already" if other != site.key else "twice")
                )
