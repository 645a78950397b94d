"""The table of what is reachable where says what the adapter really does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.domain.okube_site import SiteColumns
from gateway.vendors.okube import bodies, kpis, routes
from gateway.vendors.okube.lists import ENCODINGS

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs/vendors/okube.md").read_text("utf-8")
# Parameters of the document's reference sections, one by one.
PARAMETERS = (
    "page per_page app q name active online inProd hasDraft keys tags encoding Accept period sb sa eb ea tz from to g "
    "sites lever levers provider agency format extra with_extra extra_mode trigger pois uplift filters login password "
    "captchaPayload setCookie all temporals globals homes works zones campaigns extras equipments"
)


@pytest.mark.parametrize(("name", "route"), routes.TABLE.items())
def test_every_route_stands_in_the_table_as_it_is_asked(name: str, route: routes.Route) -> None:
    assert f"| `{name}` | `{route.verb} {route.template}` | {route.source} | " in TEXT


@pytest.mark.parametrize(
    ("module", "names"),
    [("GeoMarketing", kpis.GEO_MARKETING), ("Conversion", kpis.CONVERSION), ("Presence", kpis.PRESENCE)],
)
def test_every_kpi_stands_in_the_table(module: str, names: dict[str, str]) -> None:
    rows = re.findall(rf"^\| {module} \| `(\w+)` \| `{module}Kpi\.(\w+)` \|$", TEXT, re.MULTILINE)
    assert rows == [(spelt, name) for name, spelt in names.items()]


@pytest.mark.parametrize("name", [*PARAMETERS.split(), "flag", "_cachedLeverName", "computedFrom", "createdAt"])
def test_every_parameter_of_the_document_stands_in_the_table(name: str) -> None:
    assert f"`{name}`" in TEXT


def test_every_member_that_is_written_stands_in_the_table() -> None:
    written = {*bodies.SITE.values(), *bodies.POINT_OF_INTEREST.values(), *bodies.CAMPAIGN.values()}
    written |= {*bodies.STUDY.values(), *(f"mapper[{name}]" for name in SiteColumns.__struct_fields__)}
    written |= {*kpis.MODES.values(), *kpis.GRANULARITIES.values(), *ENCODINGS.values()}
    assert [name for name in sorted(written) if f"`{name}`" not in TEXT] == []
