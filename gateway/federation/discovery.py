"""What the vendors report and the crosswalk does not say: for the operator, as text to read and to paste.

Here alone are codes put together by equal names, and only as a suggestion that a person judges before it is pasted.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gateway.domain.errors import VendorError
from gateway.domain.instant import DAY
from gateway.domain.okube_site import SiteQuery
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.federation.catalog import Catalog

LOOK_BACK = 30 * DAY


class Reported(msgspec.Struct):
    """Codes one vendor speaks of, with the names it gives them. `error`: it could not be asked."""

    vendor: VendorKey
    names: dict[str, str | None] = msgspec.field(default_factory=dict)
    keys: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    error: VendorError | None = None


async def reports(catalog: Catalog) -> list[Reported]:
    """One report per configured vendor that can list codes."""
    found = []
    for ask in (_bespot, _guest_wifi, _okube):
        vendor = _ASKED[ask.__name__]
        if catalog.supplies.get(vendor) is None:
            continue
        try:
            found.append(await ask(catalog))
        except VendorError as error:
            found.append(Reported(vendor, error=error))
    for report in found:
        catalog.crosswalk.met(report.vendor, report.names, report.names)
    return found


_ASKED = {"_bespot": VendorKey.BESPOT, "_guest_wifi": VendorKey.GUEST_WIFI, "_okube": VendorKey.OKUBE}


async def _bespot(catalog: Catalog) -> Reported:
    now = catalog.clock()
    counts = await catalog.supplies.counts().session_counts(Window(now - LOOK_BACK, now), None)
    names = {count.code: count.name for count in counts}
    # a store without an app has no sessions: its door counter still names it
    recent = await catalog.supplies.footfall().visits(Window(now - DAY, now), None, None)
    return Reported(VendorKey.BESPOT, {**dict.fromkeys(recent.body), **names})


async def _guest_wifi(catalog: Catalog) -> Reported:
    return Reported(VendorKey.GUEST_WIFI, dict(await catalog.supplies.guests().locations()))


async def _okube(catalog: Catalog) -> Reported:
    records = await catalog.directory.records(None, SiteQuery())
    return Reported(
        VendorKey.OKUBE,
        {record.id: record.name for record in records},
        {record.id: record.every_key for record in records},
    )


def discovered(found: Sequence[Reported], catalog: Catalog) -> tuple[str, int]:
    """Every code with its name and its site, then entries for those without one. Status 1 where a vendor refused."""
    lines: list[str] = []
    for report in found:
        lines.append(f"{report.vendor.folder}: {_said(report)}")
        claimed = catalog.crosswalk.claimed(report.vendor)
        for code, name in sorted(report.names.items()):
            site = _owner(report, code, catalog)
            lines.append(f"  {code!r:<28} {name or '':<30} {'-> ' + site if site else 'unclaimed'}")
        lines += [f"  {code!r:<28} {'':<30} claimed, not reported" for code in sorted(set(claimed) - _spoken(report))]
    lines += ["", *_suggestions(found, catalog)]
    return "\n".join(lines).rstrip(), int(any(report.error for report in found))


def checked(found: Sequence[Reported], catalog: Catalog) -> tuple[str, int]:
    """The crosswalk is sound, for it was read; what it leaves out or names in vain. Status 1: a vendor refused."""
    lines = [f"{len(catalog.known)} sites in the crosswalk: keys, zones and codes are sound."]
    status = 0
    for report in found:
        if report.error:
            lines.append(f"{report.vendor.folder}: {_said(report)}")
            status = 1
            continue
        claimed = catalog.crosswalk.claimed(report.vendor)
        unclaimed = [code for code in sorted(report.names) if _owner(report, code, catalog) is None]
        unheard = sorted(set(claimed) - _spoken(report))
        lines += [f"{report.vendor.folder}: code {code!r} is in use and no site claims it" for code in unclaimed]
        lines += [
            f"{report.vendor.folder}: code {code!r} of site {claimed[code].key!r} is not reported" for code in unheard
        ]
        if not unclaimed and not unheard:
            lines.append(f"{report.vendor.folder}: all {len(report.names)} codes in use are claimed.")
    return "\n".join(lines), status


def _said(report: Reported) -> str:
    return f"{report.error.code}: {report.error.message}" if report.error else f"{len(report.names)} codes"


def _spoken(report: Reported) -> set[str]:
    return {*report.names, *(key for keys in report.keys.values() for key in keys)}


def _owner(report: Reported, code: str, catalog: Catalog) -> str | None:
    claimed = catalog.crosswalk.claimed(report.vendor)
    site = next((claimed[name] for name in (code, *report.keys.get(code, ())) if name in claimed), None)
    return site.key if site else None


def _suggestions(found: Sequence[Reported], catalog: Catalog) -> list[str]:
    """TOML for what nobody claims: codes that equal an Okube key, or bear the same name, stand in one entry."""
    entries: dict[str, _Entry] = {}
    by_key: dict[str, str] = {}
    for report in sorted(found, key=lambda report: report.vendor is not VendorKey.OKUBE):
        for code, name in sorted(report.names.items()):
            if _owner(report, code, catalog) is not None:
                continue
            entry = by_key.get(code) or (name or f"{report.vendor.folder} {code}")
            if report.vendor is VendorKey.OKUBE and entry in entries:
                entry = f"{entry} {code}"  # an entry holds one record of Okube
            by_key.update(dict.fromkeys(report.keys.get(code, ()), entry))
            entries.setdefault(entry, _Entry(name)).add(report.vendor, code)
    if not entries:
        return ["# Every code reported is claimed."]
    lines = ["# Suggested entries. Codes of one name or key stand together: check that they are one place.", ""]
    taken = {site.key for site in catalog.known}
    for entry, suggested in sorted(entries.items()):
        lines += suggested.lines(_key(entry, taken))
    return lines


class _Entry:
    """One suggested [[site]]."""

    def __init__(self, name: str | None) -> None:
        self._name = name
        self._codes: dict[VendorKey, list[str]] = {}

    def add(self, vendor: VendorKey, code: str) -> None:
        self._codes.setdefault(vendor, []).append(code)

    def lines(self, key: str) -> list[str]:
        lines = ["[[site]]", f"key = {_quoted(key)}"]
        lines += [f"name = {_quoted(self._name)}"] if self._name else []
        lines.append('timezone = ""  # required: an IANA name such as Europe/Athens')
        for vendor, codes in self._codes.items():
            listed = ", ".join(_quoted(code) for code in codes)
            lines.append(f"{vendor.folder} = {listed if vendor is VendorKey.OKUBE else f'[{listed}]'}")
        return [*lines, ""]


def _key(entry: str, taken: set[str]) -> str:
    """A readable key that nobody has yet."""
    plain = "".join(c if c.isalnum() else "-" for c in entry.lower())
    stem = "-".join(part for part in plain.split("-") if part) or "site"
    key, number = stem, 2
    while key in taken:
        key, number = f"{stem}-{number}", number + 1
    taken.add(key)
    return key


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's."""
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")
