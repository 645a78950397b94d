"""A list as one page of JSON or, by the Accept header, whole as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.vendors.okube.sandbox.filters import Reader, predicates
from gateway.vendors.okube.sandbox.refusal import answer, malformed
from gateway.vendors.okube.sandbox.tenant import Record, Resource, Tenant, shown

_CSV_TYPES = frozenset(
    {
        "text/csv",
        "text/comma-separated-values",
        "application/csv",
        "application/excel",
        "application/vnd.ms-excel",
        "application/vnd.msexcel",
    }
)
ENCODINGS = {"utf8": "utf-8", "iso-8859-1": "iso-8859-1", "windows-1252": "windows-1252"}
_DEFAULT_SIZE = 10
_LARGEST_SIZE = 100
COLUMNS: dict[Resource, tuple[str, ...]] = {
    Resource.SITES: (
        *("_id", "key", "keys", "name", "description", "active", "online", "tags", "street_number", "street"),
        *("postal_code", "city", "country", "longitude", "latitude", "timezone", "createdAt", "updatedAt"),
    ),
    Resource.POIS: (
        *("_id", "key", "name", "description", "active", "tags", "city", "country", "longitude", "latitude"),
        *("timezone", "radius", "createdAt", "updatedAt"),
    ),
    Resource.CAMPAIGNS: (
        *("_id", "key", "name", "description", "_cachedLeverName", "provider", "agency", "format"),
        *("from", "to", "computedFrom", "computedTo", "tags", "sites"),
    ),
    Resource.STUDIES: ("_id", "key", "name", "description", "from", "to", "tags", "sites", "pois"),
}


def listed(tenant: Tenant, resource: Resource, request: Request) -> Response:
    """Filtered, then paged; CSV bypasses paging."""
    wanted = predicates(tenant, resource, request.query_params)
    records = [record for record in tenant.records(resource) if all(holds(record) for holds in wanted)]
    read = Reader(request.query_params)
    encoding = read.choice("encoding", tuple(ENCODINGS)) or "utf8"
    media_type = _csv_type(request)
    if media_type is not None:
        request.state.rows = len(records)
        return _sheet(resource, records, ENCODINGS[encoding], media_type)
    bare = resource is Resource.CAMPAIGNS and not read.flag("with_extra")
    return paged(request, [_without_extra(shown(resource, record), bare) for record in records])


def paged(request: Request, documents: list[Record]) -> Response:
    """One page, counted from 1. `per_page` 0 is a page of none; `page` 0 is read as the first (quirks O2, O3)."""
    read = Reader(request.query_params)
    number = max(1, _whole(read, "page", 1, None))
    size = _whole(read, "per_page", _DEFAULT_SIZE, _LARGEST_SIZE)
    total = len(documents)
    pages = -(-total // size) if size else 0
    found = documents[(number - 1) * size : number * size]
    request.state.rows = len(found)
    meta = {"total": total, "page": number, "per_page": size, "page_count": pages, "has_more": number < pages}
    return answer({"documents": found, "_$paginated": meta})


def _whole(read: Reader, name: str, default: int, largest: int | None) -> int:
    text = read.one(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or (largest is not None and int(text) > largest):
        raise malformed(name, "must be an integer of its range")
    return int(text)


def _csv_type(request: Request) -> str | None:
    offers = [offer.partition(";")[0].strip().lower() for offer in request.headers.get("accept", "").split(",")]
    return next((offer for offer in offers if offer in _CSV_TYPES), None)


def _without_extra(document: Record, bare: bool) -> Record:
    return {name: value for name, value in document.items() if name != "extra"} if bare else document


def _sheet(resource: Resource, records: list[Record], encoding: str, media_type: str) -> Response:
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(COLUMNS[resource])
    writer.writerows([_cell(record, column) for column in COLUMNS[resource]] for record in records)
    body = sheet.getvalue().encode(encoding, "replace")
    headers = {
        "content-type": f"{media_type}; charset={encoding}",
        "content-disposition": f'attachment; filename="{resource.value}.csv"',
    }
    return Response(body, headers=headers)


def _cell(record: Record, column: str) -> str:
    if column in ("longitude", "latitude"):
        point = record.get("coordinates")
        return "" if point is None else str(point[column == "latitude"])
    value: Any = record.get(column, (record.get("address") or {}).get(column))
    if isinstance(value, list):
        return "|".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
