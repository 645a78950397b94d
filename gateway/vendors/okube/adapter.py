"""Okube's parts put together: one caller behind the ports of records, writes and analytics."""

from __future__ import annotations

from gateway.domain.clock import Clock
from gateway.domain.ports.supply import Supply
from gateway.domain.quota import VendorHealth
from gateway.domain.vendor import VendorKey
from gateway.settings import OkubeSettings
from gateway.vendors.okube import routes
from gateway.vendors.okube.analytics import Analytics
from gateway.vendors.okube.caller import Caller, Line
from gateway.vendors.okube.lists import Records
from gateway.vendors.okube.writes import Writes

TITLE = "Okube"


class Okube:
    """Everything Okube supplies. Raises ConfigurationError for a route no operation has."""

    vendor = VendorKey.OKUBE

    def __init__(self, settings: OkubeSettings, line: Line) -> None:
        self._line = line
        caller = Caller(line, routes.table(settings.routes), settings.application)
        self.records = Records(caller, settings.coordinates)
        self.writes = Writes(caller, self.records, settings.coordinates)
        self.analytics = Analytics(caller)

    async def health(self) -> VendorHealth:
        return await self._line.health()


def build(settings: OkubeSettings, line: Line, clock: Clock, simulated: bool) -> Supply:
    """Okube's ports over a ready line."""
    del clock  # nothing Okube says depends on what time it is
    okube = Okube(settings, line)
    return Supply(
        VendorKey.OKUBE,
        TITLE,
        health=okube,
        simulated=simulated,
        records=okube.records,
        writes=okube.writes,
        kpis=okube.analytics,
    )
