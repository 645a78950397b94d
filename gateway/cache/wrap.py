"""Puts the cache around what a vendor supplies: every port answers as before, only with fewer calls.

Built once per process. What is kept of one credential, crosswalk or pseudonym key is never seen under another.
"""

from __future__ import annotations

import hashlib
from copy import copy

import msgspec
from pydantic import SecretStr

from gateway.access.budget import Budget, LocalBudget
from gateway.access.pseudonyms import Pseudonyms
from gateway.cache.budget import SharedBudget
from gateway.cache.counts import CachedCounts, CachedGuests
from gateway.cache.engagement import CachedEngagement
from gateway.cache.footfall import CachedFootfall
from gateway.cache.local import Counters, Local
from gateway.cache.okube import CachedKpis, CachedRecords, Edition
from gateway.cache.okube_writes import TellingWrites
from gateway.cache.probe import CacheProbe
from gateway.cache.purge import Purges
from gateway.cache.quota import SharedQuota
from gateway.cache.report import Overlay, Report
from gateway.cache.rules import CounterRule
from gateway.cache.shelf import Shelf
from gateway.cache.stays import CachedStays
from gateway.cache.store import OnlyRead, Store
from gateway.domain.clock import Clock
from gateway.domain.instant import SECOND, Micros
from gateway.domain.ports.supply import Supply
from gateway.domain.session import AppRecord, WifiRecord
from gateway.domain.vendor import VendorKey
from gateway.settings import BespotSettings, Settings, VendorSettings
from gateway.upstream.quota import Quota, QuotaRule

_BOUNDS = frozenset({"timeout", "max_connections", "max_response_bytes", "requests_per_minute"})


class Cache:
    """Everything kept, of all vendors. `crosswalk` is a text that differs between crosswalks."""

    def __init__(self, settings: Settings, pseudonyms: Pseudonyms, clock: Clock, crosswalk: str = "") -> None:
        url = settings.cache_url.get_secret_value()
        self.counters = Counters()
        self._mode = settings.cache
        self._replicas = settings.replicas
        self._clock = clock
        self._crosswalk = crosswalk
        self._pseudonyms = pseudonyms
        self._hasher = pseudonyms.derive("cache/keys", 32)
        self._local = Local(settings.cache_bytes, self.counters)
        self._store = None if url.startswith("memory:") else Store(url)
        self._shelves: list[Shelf] = []
        self.probe = CacheProbe(self.counters, self._store)
        self._editions: list[Edition] = []
        self.purges = Purges(self._local, self._store)
        self._report: Report | None = None
        self._learned: dict[VendorKey, tuple[Shelf, Edition]] = {}

    def rehearsal(self, report: Report) -> Cache:
        """Another cache that knows what this one holds and notes in `report` what is looked up.

        Its flights, locks and entries are its own: nothing of a rehearsal can get into an answer.
        """
        made: Cache = copy(self)
        made.counters = Counters()
        made._local = Overlay(self._local)
        made._store = None if self._store is None else OnlyRead(self._store)
        made._shelves, made._editions = [], []
        made.purges = Purges(made._local, None)
        made._report = report
        made._learned = {
            shelf.vendor: (shelf, edition) for shelf, edition in zip(self._shelves, self._editions, strict=True)
        }
        return made

    def quota(self, vendor: VendorKey, section: VendorSettings) -> Quota | None:
        """The quota that replicas share; None where there is no limit or no store to share it in."""
        if self._store is None or section.requests_per_minute is None:
            return None
        name = f"{vendor.value}:{self._mark(section)}"
        rule = QuotaRule(section.requests_per_minute)
        return SharedQuota(rule, self._clock, self._store, name, replicas=self._replicas)

    def budget(self) -> Budget:
        """Callers' budgets, shared where there is a store to share them in."""
        return LocalBudget() if self._store is None else SharedBudget(self._store, self._replicas)

    @property
    def shared(self) -> bool:
        """Whether anything is kept outside this process."""
        return self._store is not None and self._mode == "on"

    def wrapped(self, supply: Supply, section: VendorSettings) -> Supply:
        """The same ports, cached. With `GATEWAY_CACHE=off` they are left as they are."""
        if self._mode == "off":
            return supply
        shelf = Shelf(
            supply.vendor,
            mark=self._mark(section, self._crosswalk),
            hasher=self._hasher,
            local=self._local,
            store=self._store if self._mode == "on" else None,
            clock=self._clock,
            keeps=self._mode == "on",
        )
        shelf.report = self._report
        self._shelves.append(shelf)
        self.purges.add(shelf)
        return self._around(supply, shelf, section)

    def own_edition(self) -> str | None:
        """The edition where no other process has a say in it; None where the store must be asked."""
        if self._store is not None:
            return None
        writes = 0
        for edition in self._editions:
            writes += edition.writes
        return f"{self.purges.count}/{writes}"

    async def edition(self) -> str | None:
        """Changes when anything kept was overtaken, by a write or a purge through any replica.

        None where the store cannot tell: nothing made before may be believed then.
        """
        here = self.own_edition()
        if here is not None:
            return here
        told = [str(self.purges.count)]
        for shelf, edition in zip(self._shelves, self._editions, strict=True):
            await shelf.heed()
            current = await edition.current() if shelf.vendor is VendorKey.OKUBE else ""
            if current is None:
                return None
            told.append(f"{shelf.purged}/{current}")
        return "-".join(told)

    async def close(self) -> None:
        for shelf in self._shelves:
            await shelf.flights.close()
        if self._store is not None:
            await self._store.close()

    def _around(self, supply: Supply, shelf: Shelf, section: VendorSettings) -> Supply:
        sealer = self._pseudonyms.sealer("cache")
        edition = Edition(shelf)
        self._editions.append(edition)
        if supply.vendor in self._learned:
            known, before = self._learned[supply.vendor]
            shelf.learn(known)
            edition.learn(before)
        record = WifiRecord if supply.vendor is VendorKey.GUEST_WIFI else AppRecord
        return msgspec.structs.replace(
            supply,
            sessions=supply.sessions and CachedStays(supply.sessions, record, shelf, sealer, stale=_stale(section)),
            counts=supply.counts and CachedCounts(supply.counts, shelf),
            guests=supply.guests and CachedGuests(supply.guests, shelf),
            footfall=supply.footfall and CachedFootfall(supply.footfall, shelf, _counter(section)),
            engagement=supply.engagement and CachedEngagement(supply.engagement, shelf),
            records=supply.records and CachedRecords(supply.records, shelf, edition),
            writes=supply.writes and TellingWrites(supply.writes, edition),
            kpis=supply.kpis and CachedKpis(supply.kpis, shelf),
        )

    def _mark(self, section: VendorSettings, *more: str) -> str:
        """A keyed hash of where and as whom a vendor is asked: equal on every replica, telling nothing."""
        members = [
            (name, value.get_secret_value() if isinstance(value, SecretStr) else repr(value))
            for name, value in sorted(section)
            if name not in _BOUNDS
        ]
        raw = msgspec.msgpack.encode((members, more))
        return hashlib.blake2b(raw, key=self._hasher, digest_size=9).hexdigest()


def _counter(section: VendorSettings) -> CounterRule:
    bespot = section if isinstance(section, BespotSettings) else BespotSettings()
    return CounterRule(int(bespot.settle * SECOND), int(bespot.publish_lag * SECOND))


def _stale(section: VendorSettings) -> Micros:
    bespot = section if isinstance(section, BespotSettings) else BespotSettings()
    return int(bespot.stale_after * SECOND)
