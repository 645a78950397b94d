"""Figures the vendors count themselves, per site. Distinct people are never added up (rules.md 20, quirk B11)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from gateway.domain.errors import NotAdditive, UpstreamError, VendorError
from gateway.domain.footfall import CodeCount
from gateway.domain.site import Site
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Days, Window
from gateway.federation.crosswalk import Crosswalk
from gateway.federation.minutes import STORE_UNKNOWN
from gateway.federation.supplies import Supplies
from gateway.federation.withheld import SmallCounts

Ask = Callable[[Window, str | None], Awaitable[list[CodeCount]]]


class Counted(msgspec.Struct):
    """Count by site key; a site without a figure is left out. `failures` by site key, "" where they are of all."""

    by_key: dict[str, int] = msgspec.field(default_factory=dict)
    failures: dict[str, VendorError] = msgspec.field(default_factory=dict)


class Counts:
    """Counts of several sites at once: one call without a store where that is cheaper than one per store."""

    def __init__(self, supplies: Supplies, crosswalk: Crosswalk, small: SmallCounts | None = None) -> None:
        self._supplies = supplies
        self._crosswalk = crosswalk
        self._small = small or SmallCounts()

    async def sessions(self, sites: Sequence[Site], window: Window) -> Counted:
        """Bespot's sessions; a claimed store the vendor leaves out counts 0. Raises where the vendor fails."""
        ask = self._supplies.counts().session_counts
        return await self._by_store(ask, [site for site in sites if site.bespot], window)

    async def users(self, sites: Sequence[Site], window: Window) -> Counted:
        """Bespot's distinct users; NotAdditive for a site of several stores."""
        ask = self._supplies.counts().user_counts
        single = [site for site in sites if len(site.bespot) == 1]
        counted = await self._by_store(ask, single, window)
        for site in sites:
            if len(site.bespot) > 1:
                counted.failures[site.key] = NotAdditive(
                    VendorKey.BESPOT, "Distinct users of several store codes cannot be added up."
                )
        for key in [key for key, count in counted.by_key.items() if self._small.hides(count)]:
            del counted.by_key[key]
            counted.failures[key] = self._small.error(VendorKey.BESPOT)
        return counted

    async def _by_store(self, ask: Ask, sites: Sequence[Site], window: Window) -> Counted:
        if not sites:
            return Counted()
        codes = [code for site in sites for code in site.bespot]
        if len(codes) == 1:
            try:
                found = await ask(window, codes[0])
            except UpstreamError as error:
                if error.vendor_code != STORE_UNKNOWN:
                    raise
                return Counted(failures={sites[0].key: error})
        else:
            found = await ask(window, None)
        self._crosswalk.met(VendorKey.BESPOT, [c.code for c in found], {c.code: c.name for c in found})
        held = {count.code: count.count for count in found}
        return Counted({site.key: sum(held.get(code, 0) for code in site.bespot) for site in sites})

    async def guests(self, sites: Sequence[Site], days: Days, online: bool | None) -> Counted:
        """Wi-Fi logins over the vendor's own days: one call per location, for it takes one location at a time."""
        port = self._supplies.guests()
        known = [site for site in sites if site.guest_wifi]
        asks = [(site, code) for site in known for code in site.guest_wifi]
        found = await asyncio.gather(
            *(port.login_count(days, code, online) for _, code in asks), return_exceptions=True
        )
        counted = Counted({site.key: 0 for site in known})
        for (site, _), count in zip(asks, found, strict=True):
            if isinstance(count, VendorError):
                counted.failures[site.key] = count
            elif isinstance(count, BaseException):
                raise count
            else:
                counted.by_key[site.key] += count
        for key in counted.failures:
            counted.by_key.pop(key, None)
        if known and len(counted.failures) == len(known):
            raise next(iter(counted.failures.values()))
        return counted
