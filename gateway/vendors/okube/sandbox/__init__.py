"""Plays Okube's API from its document, over the world's truth, with state for the writes.

    routes      what answers each path            gate        who may ask
    lists       pages and CSV                     filters     every documented filter
    writes      create, update                    members     what their bodies may hold
    imports     multipart and CSV files           analytics   params in, elements out
    tenant      the documents                     figures, facts, formulas   what the KPIs are made of

The document is the judge: nothing of the adapter may be used here. Open points are played as rules.md 26 reads them.
"""

from __future__ import annotations

from gateway.sandbox.faults import Faults
from gateway.sandbox.simulation import Simulation
from gateway.sandbox.world import World
from gateway.vendors.okube.sandbox.analytics import Analytics, Layout
from gateway.vendors.okube.sandbox.figures import Figures
from gateway.vendors.okube.sandbox.gate import Gate
from gateway.vendors.okube.sandbox.routes import ENDPOINTS, Okube
from gateway.vendors.okube.sandbox.tenant import Tenant

__all__ = ["Layout", "simulate"]


def simulate(world: World, faults: Faults, *, layout: Layout = Layout.ENTITY) -> Simulation:
    """Okube over `world`. `layout`: which of the two documented shapes of `data` is played (quirk O14)."""
    del faults  # 429, 500 and 503 are switched on there; the stage plays them
    tenant = Tenant(world)
    gate = Gate(world.seed, world.now)
    settings = {
        "api_key": gate.api_key,
        "login": gate.login,
        "password": gate.password,
        "application": tenant.application["key"],
    }
    app = Okube(tenant, gate, Analytics(tenant, Figures(world, tenant), layout))
    return Simulation(app, settings=settings, endpoints=ENDPOINTS)
