"""Multipart bodies: sites with a thumbnail, and files of sites and points of interest that create or update by key."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson
from starlette.datastructures import FormData, UploadFile

from gateway.vendors.okube.sandbox import writes
from gateway.vendors.okube.sandbox.lists import ENCODINGS
from gateway.vendors.okube.sandbox.refusal import Refusal, malformed, unprocessable
from gateway.vendors.okube.sandbox.tenant import Resource, Tenant

_ADDRESS = ("street_number", "street", "postal_code", "city", "country")
_CONTACT = {"contact_name": "name", "contact_email": "email", "contact_phone": "phone"}
_MODULES = ("presence", "tracking", "conversion")
_MAPPED = ("key", "additional_keys", "name", *_ADDRESS, "latitude", "longitude", "timezone", *_CONTACT, *_MODULES)
_TEXTS = frozenset({"app", "key", "description", "name", "timezone", "phoneNumber"})
_YES = frozenset({"true", "1", "yes", "x"})


def thumbnailed(form: FormData) -> dict[str, Any]:
    """Members of a site sent as multipart. How nested ones are written is not documented: JSON text, repeated names
    and brackets (as the mapper's) are all read.
    """
    members: dict[str, Any] = {}
    for name in dict.fromkeys(form):
        values = form.getlist(name)
        if name == "thumbnail":
            _check_thumbnail(values[0])
            continue
        if not all(isinstance(value, str) for value in values):
            raise malformed(name, "must not be a file")
        outer, bracket, inner = name.partition("[")
        read = [value if outer in _TEXTS else _json(str(value)) for value in values]
        if bracket and not inner.startswith("]") and not inner[:1].isdigit():
            members.setdefault(outer, {})[inner.rstrip("]")] = read[0]
        elif bracket or len(read) > 1:
            members.setdefault(outer, []).extend(map(str, values) if outer in ("keys", "tags") else read)
        else:
            members[outer] = [values[0]] if outer in ("keys", "tags") and isinstance(read[0], str) else read[0]
    return members


def sites(tenant: Tenant, form: FormData) -> dict[str, object]:
    """CSV of sites; `mapper[...]` names the column that feeds each member."""
    mapper = {name: str(form[f"mapper[{name}]"]) for name in _MAPPED if form.get(f"mapper[{name}]")}
    unknown = set(form) - {"encoding", "delimiter", "file", "mapper[id]", *(f"mapper[{name}]" for name in _MAPPED)}
    if unknown:
        raise malformed(min(unknown), "is not a member")
    by_id = form.get("mapper[id]", "false")
    if by_id not in ("true", "false"):
        raise malformed("mapper[id]", "must be a boolean")
    header, rows = _rows(form)
    absent = [name for name, column in mapper.items() if column not in header]
    if absent:
        raise unprocessable(f"mapper[{absent[0]}]", "names a column the file does not have")
    if by_id == "true" and "_id" not in header:
        raise unprocessable("mapper[id]", "the file has no column _id")
    ids = [row.get("_id") if by_id == "true" else None for row in rows]
    mapped = [_site({name: row[column] for name, column in mapper.items()}) for row in rows]
    return _upserted(tenant, Resource.SITES, list(zip(ids, mapped, strict=True)))


def points(tenant: Tenant, form: FormData) -> dict[str, object]:
    """CSV of points of interest with the columns of the export."""
    header, rows = _rows(form)
    if not {"name", "longitude", "latitude"} <= set(header):
        raise unprocessable("file", "needs the columns name, longitude and latitude")
    return _upserted(tenant, Resource.POIS, [(row.get("_id"), _point(row)) for row in rows])


def _rows(form: FormData) -> tuple[list[str], list[dict[str, str]]]:
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise malformed("file", "is required")
    encoding = str(form.get("encoding") or "utf8")
    if encoding not in ENCODINGS:
        raise malformed("encoding", f"must be one of {', '.join(ENCODINGS)}")
    delimiter = str(form.get("delimiter") or ",")
    if len(delimiter) != 1:
        raise malformed("delimiter", "must be one character")
    try:
        text = file.file.read().decode(ENCODINGS[encoding]).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise unprocessable("file", "is not of this encoding") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="")
    return list(reader.fieldnames or ()), list(reader)


def _upserted(tenant: Tenant, resource: Resource, items: list[tuple[str | None, dict[str, Any]]]) -> dict[str, object]:
    """Good rows are kept, bad ones reported by line; the first line after the header is 2."""
    created = updated = 0
    errors: list[dict[str, object]] = []
    for line, (given_id, members) in enumerate(items, start=2):
        reference = given_id or members.get("key")
        known = tenant.find(resource, reference) if reference else None
        try:
            if known is None:
                writes.create(tenant, resource, members, tenant.application["_id"])
                created += 1
            else:
                writes.update(tenant, resource, known, members)
                updated += 1
        except Refusal as refusal:
            errors += [{"line": line, "path": path, "message": message} for path, message in refusal.errors]
    return {"success": not errors, "created": created, "updated": updated, "errors": errors}


def _site(row: dict[str, str]) -> dict[str, Any]:
    members: dict[str, Any] = {name: row[name] for name in ("key", "name", "timezone") if row.get(name)}
    extra_keys = [key.strip() for key in row.get("additional_keys", "").split("|") if key.strip()]
    nested: dict[str, Any] = {
        "keys": extra_keys,
        "address": {name: row[name] for name in _ADDRESS if row.get(name)},
        "deliveryContact": {member: row[name] for name, member in _CONTACT.items() if row.get(name)},
        "modules": {name: row[name].lower() in _YES for name in _MODULES if row.get(name)},
        "coordinates": _coordinates(row),
    }
    return members | {name: value for name, value in nested.items() if value}


def _point(row: dict[str, str]) -> dict[str, Any]:
    members: dict[str, Any] = {name: row[name] for name in ("key", "name", "description", "timezone") if row.get(name)}
    nested: dict[str, Any] = {
        "tags": [tag for tag in row.get("tags", "").split("|") if tag],
        "address": {name: row[name] for name in _ADDRESS if row.get(name)},
        "coordinates": _coordinates(row),
        "radius": _json(row["radius"]) if row.get("radius") else None,
    }
    if row.get("active"):
        members["active"] = row["active"].lower() in _YES
    return members | {name: value for name, value in nested.items() if value}


def _coordinates(row: dict[str, str]) -> list[object] | None:
    if not row.get("longitude") or not row.get("latitude"):
        return None
    return [_json(row["longitude"]), _json(row["latitude"])]


def _json(text: str) -> Any:
    """The value a text spells, or the text."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _check_thumbnail(file: object) -> None:
    if not isinstance(file, UploadFile):
        raise malformed("thumbnail", "must be a file")
    if not (file.content_type or "").startswith("image/"):
        raise unprocessable("thumbnail", "must be a picture")
