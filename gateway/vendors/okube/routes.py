"""Every route of Okube the gateway asks, in one table: the document prints no verb and not every path (quirk O1).

The only place where a verb or a path of Okube is written. Nothing here knows what is sent or answered.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from urllib.parse import quote

import msgspec

from gateway.domain.errors import InputError
from gateway.settings import ConfigurationError


class Source(StrEnum):
    """Where a path comes from. Verbs are inferred, but for the one of the list of applications."""

    STATED = "stated"
    DERIVED = "derived"
    ASSUMED = "assumed"


class Route(msgspec.Struct, frozen=True):
    """`template` holds places such as `{app}`; each is filled with an `_id` or a key, percent-encoded whole."""

    verb: str
    template: str
    source: Source

    @property
    def places(self) -> frozenset[str]:
        return _places(self.template)


_PLACE = re.compile(r"\{(\w*)\}")


@lru_cache(maxsize=256)
def _places(template: str) -> frozenset[str]:
    return frozenset(_PLACE.findall(template))


_OVERRIDE = re.compile(r"(GET|POST|PUT|PATCH) (/[^\s?#]*)")

_APP = "/applications/{app}"
_SITE = f"{_APP}/sites/{{site}}"
_STUDY = "/studies/{study}"

# Under the application wherever the document offers it: then no `app` may stand in a body (quirk O8), a key works as
# well as an _id, and nothing of another application can be met.
TABLE: Mapping[str, Route] = {
    "list_applications": Route("GET", "/applications", Source.STATED),
    "get_application": Route("GET", _APP, Source.STATED),
    "geo_marketing_application": Route("POST", f"{_APP}{_STUDY}/geo-marketing/analytics", Source.DERIVED),
    "geo_marketing_site": Route("POST", f"{_SITE}{_STUDY}/geo-marketing/analytics", Source.STATED),
    "conversion_application": Route("POST", f"{_APP}/conversions/levers/analytics", Source.DERIVED),
    "conversion_site": Route("POST", f"{_SITE}/conversions/levers/analytics", Source.STATED),
    "presence_application": Route("POST", f"{_APP}/presence/analytics", Source.ASSUMED),
    "presence_site": Route("POST", f"{_SITE}/presence/analytics", Source.ASSUMED),
    "list_sites": Route("GET", f"{_APP}/sites", Source.STATED),
    "create_site": Route("POST", f"{_APP}/sites", Source.STATED),
    "get_site": Route("GET", _SITE, Source.STATED),
    "update_site": Route("PATCH", _SITE, Source.STATED),
    "import_sites": Route("POST", f"{_APP}/sites/import", Source.ASSUMED),
    "list_pois": Route("GET", f"{_APP}/pois", Source.STATED),
    "create_poi": Route("POST", f"{_APP}/pois", Source.STATED),
    "get_poi": Route("GET", f"{_APP}/pois/{{poi}}", Source.STATED),
    "update_poi": Route("PATCH", "/pois/{poi}", Source.DERIVED),  # the printed aliases lack the id (quirk O9)
    "list_campaigns": Route("GET", f"{_APP}/campaigns", Source.STATED),
    "create_campaigns": Route("POST", f"{_APP}/campaigns", Source.DERIVED),
    "get_campaign": Route("GET", f"{_APP}/campaigns/{{campaign}}", Source.STATED),
    "update_campaign": Route("PATCH", f"{_APP}/campaigns/{{campaign}}", Source.STATED),
    "list_studies": Route("GET", f"{_APP}/studies", Source.STATED),
    "create_studies": Route("POST", f"{_APP}/studies", Source.DERIVED),
    "get_study": Route("GET", _STUDY, Source.DERIVED),
    "update_study": Route("PATCH", _STUDY, Source.DERIVED),
}

# The login stands beside the table: the pipeline signs in, so its path is a setting of its own (LOGIN_PATH).
LOGIN = Route("POST", "/authenticate", Source.ASSUMED)


def table(overrides: Mapping[str, str]) -> Mapping[str, Route]:
    """The table with the operator's own routes in it. Raises ConfigurationError, without repeating a value."""
    return {**TABLE, **{name: _override(name, text) for name, text in overrides.items()}}


def _override(name: str, text: str) -> Route:
    setting = "vendors.okube.routes"
    if name not in TABLE:
        near = difflib.get_close_matches(name, TABLE, n=1)
        raise ConfigurationError(f"{setting}: no such route{f'; did you mean {near[0]}?' if near else ''}")
    found = _OVERRIDE.fullmatch(text)
    if found is None:
        raise ConfigurationError(f"{setting}.{name}: must read like 'GET /path/{{app}}'")
    route = Route(found[1], found[2], TABLE[name].source)
    if not route.places <= TABLE[name].places | {"app"}:
        known = ", ".join(sorted(TABLE[name].places | {"app"}))
        raise ConfigurationError(f"{setting}.{name}: knows only the places {known}")
    return route


def path(route: Route, places: Mapping[str, str]) -> str:
    """The path of a route, percent-encoded. Raises InputError for a reference no path can carry."""
    return _filled(route.template, tuple(places.items()))


@lru_cache(maxsize=1024)
def _filled(template: str, places: tuple[tuple[str, str], ...]) -> str:
    texts = dict(places)
    return _PLACE.sub(lambda place: _encoded(texts[place[1]]), template)


def fits_a_path(reference: str) -> bool:
    """Whether a reference can be one segment of a path: dots would be taken for a step up or none."""
    return reference not in {".", ".."}


def can_exist(reference: str) -> bool:
    """Whether Okube could have such an id or key: 1 to 250 characters, no control characters (document, key)."""
    return 1 <= len(reference) <= 250 and not any(unicodedata.category(char) in {"Cc", "Cs"} for char in reference)


def _encoded(reference: str) -> str:
    if not can_exist(reference) or not fits_a_path(reference):
        raise InputError("Not an id or a key that Okube could have.")
    return quote(reference, safe="")
