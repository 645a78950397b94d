"""The list of sites: the crosswalk's, joined with what Okube says of them, then those that only Okube knows.

Okube down never takes `sites` down: the crosswalk is served and the coverage says what is missing. No two sites are
ever joined on a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from gateway.cache import freshness
from gateway.domain.clock import Clock
from gateway.domain.coverage import Coverage, complete, failed
from gateway.domain.errors import VendorError
from gateway.domain.okube_site import OkubeSite, SiteQuery
from gateway.domain.place import SiteKind
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey
from gateway.federation.ageing import aged
from gateway.federation.crosswalk import Crosswalk
from gateway.federation.ranges import whole
from gateway.federation.supplies import Supplies

OKUBE_ONLY = "okube:"
VENDOR = VendorKey.OKUBE


class Roster(msgspec.Struct):
    """Every site in order (rules.md 15), and how far Okube contributed. `error` None: it told all."""

    sites: tuple[Site, ...]
    coverage: Coverage
    error: VendorError | None = None

    def find(self, key: str) -> Site | None:
        """The site of this key; a site once known by Okube alone is still found under its old key."""
        for site in self.sites:
            if site.key == key or (site.okube_id is not None and key == OKUBE_ONLY + site.okube_id):
                return site
        return None


class Directory:
    """Reads Okube's sites and joins them to the crosswalk."""

    def __init__(self, supplies: Supplies, crosswalk: Crosswalk, clock: Clock) -> None:
        self._supplies = supplies
        self._crosswalk = crosswalk
        self._clock = clock

    async def roster(self, application: str | None, *, kinds: bool = False) -> Roster:
        """All sites of one application and the crosswalk. `kinds`: ask Okube also which are online (rules.md 24)."""
        try:
            with freshness.collect() as parts:
                records = await self.records(application, SiteQuery())
                online: frozenset[str] = frozenset()
                if kinds:
                    query = SiteQuery(kind=SiteKind.ONLINE)
                    online = frozenset(record.id for record in await self.records(application, query))
        except VendorError as error:
            return Roster(self._crosswalk.sites, failed(error), error)
        (line,) = aged([complete(VENDOR, self._clock())], parts)
        return Roster(self._joined(records, online), line)

    async def records(self, application: str | None, query: SiteQuery) -> list[OkubeSite]:
        """Okube's own list, whole. Raises VendorError."""
        port = self._supplies.records()
        return await whole(lambda start, count: port.sites(application, query, start, count), port.page_rows)

    def joined(self, record: OkubeSite) -> Site:
        """The site one record belongs to, with what Okube says of it."""
        site = _claimant(self._crosswalk.claimed(VENDOR), record)
        return enriched(site, record) if site else okube_only(record)

    def _joined(self, records: Iterable[OkubeSite], online: frozenset[str]) -> tuple[Site, ...]:
        own: list[Site] = []
        known: dict[str, Site] = {}
        claimed = self._crosswalk.claimed(VENDOR)
        for record in records:
            told = msgspec.structs.replace(record, kind=SiteKind.ONLINE) if record.id in online else record
            site = _claimant(claimed, told)
            if site is None:
                own.append(okube_only(told))
            else:
                known.setdefault(site.key, enriched(site, told))
        own.sort(key=lambda site: site.key)
        return (*[known.get(site.key, site) for site in self._crosswalk.sites], *own)


def _claimant(claimed: Mapping[str, Site], record: OkubeSite) -> Site | None:
    """By `_id` before any key, for keys can be edited (quirks O6, O7)."""
    found = claimed.get(record.id)
    if found is None and record.key:
        found = claimed.get(record.key)
    if found is None:
        for key in record.keys:
            if key in claimed:
                return claimed[key]
    return found


def enriched(site: Site, record: OkubeSite) -> Site:
    """A crosswalk site with what Okube says of it. The crosswalk's name and time zone win."""
    return msgspec.structs.replace(
        site,
        name=site.name if site.name != site.key else record.name or site.name,
        timezone=site.timezone or record.timezone,
        kind=record.kind or site.kind,
        tags=tuple(dict.fromkeys((*site.crosswalk_tags, *record.tags))) if record.tags else site.crosswalk_tags,
        told=record,
    )


def okube_only(record: OkubeSite) -> Site:
    """A site no entry of the crosswalk claims. Its time zone is never guessed."""
    key = OKUBE_ONLY + record.id
    return enriched(Site(key=key, name=key, timezone=record.timezone, claimed=False), record)


def matching(site: Site, search: str) -> bool:
    """Case-insensitive in key, name, codes and Okube key (rules.md 24)."""
    needle = search.casefold()
    texts = (site.key, site.name, *(code.code for code in site.codes), *site.okube_keys)
    return any(needle in text.casefold() for text in texts)


def by_reference(sites: Iterable[Site]) -> Mapping[str, Site]:
    """Site by every reference Okube may use for it: `_id` and keys; an `_id` wins over a key of the same text."""
    found: dict[str, Site] = {}
    listed = tuple(sites)
    for site in listed:
        for key in (*site.okube_keys, *((site.okube,) if site.okube else ())):
            found.setdefault(key, site)
    for site in listed:
        if site.okube_id:
            found[site.okube_id] = site
    return found
