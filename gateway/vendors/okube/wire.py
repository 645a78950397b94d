"""Okube's own words: the shapes of its answers, as the document's samples and prose print them.

Only what is read is declared: other members are ignored, members of another type make the answer malformed. All but
`_id` may be absent or null (quirk O32). Nothing is renamed, defaulted or interpreted here; these shapes never leave
this folder.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta, field

Document = TypeVar("Document")

Id = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=0)]


class Paginated(msgspec.Struct):
    """`_$paginated`: counted from page 1, whatever the reference says of offsets (quirk O2)."""

    total: Count
    page: int
    has_more: bool
    per_page: int | None = None
    page_count: int | None = None


class Documents(msgspec.Struct, Generic[Document]):
    """One page of a list (quirk O4)."""

    documents: list[Document]
    paginated: Paginated = field(name="_$paginated")


class ApplicationDocument(msgspec.Struct):
    """Members beyond `_id` are inferred: the document has no reference section of applications."""

    id: Id = field(name="_id")
    key: str | None = None
    name: str | None = None


class SiteDocument(msgspec.Struct):
    """`timezone` and `online` are written and not in the sample; they are read should they come (quirk O24)."""

    id: Id = field(name="_id")
    key: str | None = None
    keys: list[str] | None = None
    created_at: str | None = field(name="createdAt", default=None)
    updated_at: str | None = field(name="updatedAt", default=None)
    application: str | None = None
    name: str | None = None
    description: str | None = None
    active: bool | None = None
    address: Any = None
    coordinates: list[float] | None = None
    tags: list[str] | None = None
    openings: Any = None
    timezone: str | None = None
    online: bool | None = None


class PoiDocument(msgspec.Struct):
    """A point of interest."""

    id: Id = field(name="_id")
    key: str | None = None
    created_at: str | None = field(name="createdAt", default=None)
    updated_at: str | None = field(name="updatedAt", default=None)
    application: str | None = None
    name: str | None = None
    description: str | None = None
    active: bool | None = None
    address: Any = None
    coordinates: list[float] | None = None
    timezone: str | None = None
    tags: list[str] | None = None
    radius: float | None = None
    indoor_indexes: Any = field(name="indoorIndexes", default=None)
    outdoor_indexes: Any = field(name="outdoorIndexes", default=None)


class CampaignDocument(msgspec.Struct):
    """A campaign. What stands in `sites`, `extra` and `costs` is collapsed in the document."""

    id: Id = field(name="_id")
    key: str | None = None
    application: str | None = None
    lever: Any = None
    lever_name: str | None = field(name="_cachedLeverName", default=None)
    lever_trigger: bool | None = field(name="_cachedLeverTrigger", default=None)
    sites: list[Any] | None = None
    name: str | None = None
    description: str | None = None
    starts_on: date | None = field(name="from", default=None)
    ends_on: date | None = field(name="to", default=None)
    computed_starts_on: date | None = field(name="computedFrom", default=None)
    computed_ends_on: date | None = field(name="computedTo", default=None)
    tags: list[str] | None = None
    provider: str | None = None
    agency: str | None = None
    format: str | None = None
    extra: list[Any] | dict[str, Any] | None = None
    costs: list[Any] | None = None


class StudyDocument(msgspec.Struct):
    """A study. What stands in `sites` and `pois` is collapsed in the document."""

    id: Id = field(name="_id")
    application: str | None = None
    sites: list[Any] | None = None
    pois: list[Any] | None = None
    key: str | None = None
    name: str | None = None
    description: str | None = None
    starts_on: date | None = field(name="from", default=None)
    ends_on: date | None = field(name="to", default=None)
    tags: list[str] | None = None


class KpiElement(msgspec.Struct):
    """One element of an analytics answer. The mode is not echoed (quirk O13); null is read as no scope: global."""

    kpi: str
    scope: str | None
    granularity: str
    data: dict[str, Any]
