"""Asks Shopster. Objects of one kind share calls; kinds never do, for the vendor refuses them (quirk S11)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

from gateway.domain.engagement import EngagementRecord, EngagementTerms
from gateway.domain.errors import Malformed
from gateway.domain.quota import VendorHealth
from gateway.domain.site import ShopsterObject
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Days
from gateway.upstream.client import VendorClient
from gateway.upstream.decode import decode
from gateway.upstream.exchange import Ask
from gateway.vendors.shopster import mapping, wire

# Ids of one call, as sent (`%2C` between them): a whole URL of this order passes every common proxy.
_IDS_LENGTH = 4_000
# A generous size of one row, to keep an answer within the bound of the pipeline (quirk S16).
_ROW_BYTES = 256

_log = logging.getLogger(__name__)


class Shopster:
    """`local_times`: the `Z` of the vendor's times is the object's own wall clock (quirk S8)."""

    vendor = VendorKey.SHOPSTER

    def __init__(self, client: VendorClient, *, local_times: bool, max_response_bytes: int) -> None:
        self._client = client
        self._local_times = local_times
        self._rows_per_call = max_response_bytes // _ROW_BYTES

    async def health(self) -> VendorHealth:
        return await self._client.health()

    async def engagement(
        self, objects: list[ShopsterObject], days: Days, terms: EngagementTerms, zones: Mapping[int, ZoneInfo]
    ) -> dict[int, list[EngagementRecord]]:
        """See the port. Few calls: as many objects in each as URL and answer can hold."""
        if len({thing.level for thing in objects}) > 1:
            raise ValueError("objects of several kinds in one question")
        ids = sorted({thing.id for thing in objects})
        per_call = max(1, self._rows_per_call // mapping.rows_at_most(days, terms.interval))
        asked = [self._ask(chunk, days, terms, zones) for chunk in _chunks(ids, per_call)]
        found: dict[int, list[EngagementRecord]] = {}
        for part in await asyncio.gather(*asked):
            found.update(part)
        return found

    async def _ask(
        self, ids: list[int], days: Days, terms: EngagementTerms, zones: Mapping[int, ZoneInfo]
    ) -> dict[int, list[EngagementRecord]]:
        ask = Ask(endpoint="group_datetime", path=wire.PATH, query=mapping.query(ids, days, terms))
        report = decode(self.vendor, await self._client.ask(ask), wire.Report)
        wanted = set(ids)
        records = {
            thing: self._records(thing, audiences, days, terms, zones[thing])
            for thing, audiences in ((int(key), audiences) for key, audiences in report.items())
            if thing in wanted
        }
        foreign = len(report) - len(records)
        unknown = sum(audience not in wire.AUDIENCES for audiences in report.values() for audience in audiences)
        if foreign or unknown:
            _log.warning("shopster: left out %d objects nobody asked for and %d unknown categories", foreign, unknown)
        return records

    def _records(
        self, thing: int, audiences: dict[str, list[wire.Row]], days: Days, terms: EngagementTerms, zone: ZoneInfo
    ) -> list[EngagementRecord]:
        try:
            return [
                EngagementRecord(
                    thing,
                    wire.AUDIENCES[name],
                    mapping.points(rows, days, terms.interval, zone, local_times=self._local_times),
                )
                for name, rows in audiences.items()
                if name in wire.AUDIENCES
            ]
        except ValueError:
            message = "Shopster answered with a time that is none."
            raise Malformed(self.vendor, message, member="$[...][...][...].datetime") from None


def _chunks(ids: list[int], at_most: int) -> Iterator[list[int]]:
    """Runs of at most `at_most` ids and of a length that fits a URL."""
    chunk: list[int] = []
    length = 0
    for number in ids:
        width = len(str(number)) + len("%2C")
        if chunk and (len(chunk) == at_most or length + width > _IDS_LENGTH):
            yield chunk
            chunk, length = [], 0
        chunk.append(number)
        length += width
    if chunk:
        yield chunk
