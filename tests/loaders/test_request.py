"""What one operation notes of its failures."""

from __future__ import annotations

from typing import Any, NamedTuple

from graphql.pyutils import Path

from gateway.access.principal import CallerKind, Principal
from gateway.access.pseudonyms import Pseudonyms
from gateway.domain.errors import Unavailable
from gateway.domain.vendor import VendorKey
from gateway.execution.errors import facts
from gateway.federation.catalog import Catalog
from gateway.federation.crosswalk import Crosswalk
from gateway.federation.supplies import Supplies
from gateway.loaders.request import Request
from gateway.settings import BespotSettings, OkubeSettings
from tests.sandbox.hands import Hands


class Place(NamedTuple):
    """What of a resolver's info is read here."""

    path: Path


def in_row(number: int) -> Any:
    sites = Path(Path(Path(None, "sites", "Query"), "nodes", "SiteConnection"), number, None)
    return Place(Path(sites, "visits", "Site"))


def test_a_failure_is_told_at_its_first_row_whichever_came_first() -> None:
    catalog = Catalog(Supplies([]), Crosswalk(), [b"key"], Hands(), BespotSettings(), OkubeSettings())
    caller = Principal(kind=CallerKind.ANONYMOUS, label="anonymous")
    request = Request(catalog, caller, Pseudonyms(b"5" * 32), describe=facts)
    down = Unavailable(VendorKey.BESPOT, "It is down.")
    for row in (3, 1, 2):
        request.note([down], in_row(row))
    paths = [failure["path"] for failure in request.extensions()["failures"]]
    assert paths == [["sites", "nodes", 1, "visits"]]
