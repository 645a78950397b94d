"""What a join over fifty sites costs: calls grow with kinds, modules and pages, never with sites (issue 3)."""

from __future__ import annotations

import pytest

from gateway.sandbox.world import World
from tests.sandbox.hands import Hands
from tests.schema.running import running

pytestmark = pytest.mark.anyio

DAYS = 'days: {from: "2026-10-29", to: "2026-10-30"}'


async def test_engagement_kpis_and_campaigns_of_fifty_sites_take_one_call_each() -> None:
    async with running("okube", "shopster", world=World(stores=50, days=5, clock=Hands())) as graph:
        answer = await graph.ask(
            f"{{ sites(first: 50) {{ totalCount nodes {{ engagement({DAYS}) {{ object }} "
            f"presence({DAYS}, kpis: [ENTERING, LEAVING]) {{ kpi }} conversion({DAYS}, kpis: [ROI]) {{ kpi }} "
            "campaigns(first: 1) { nodes { key } } } } }"
        )
    assert answer.errors == []
    assert len(answer.data["sites"]["nodes"]) == 50
    assert answer.calls["SHOPSTER"] == 3  # malls, floors, zones
    pages = 1 + 1  # of sites, of campaigns: fewer than a hundred rows each
    assert answer.calls["OKUBE"] == 2 + pages  # presence, conversion
