"""Create and update: members that passed their types meet the rules that need the other records (422)."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from gateway.vendors.okube.sandbox.members import CREATE, UPDATE
from gateway.vendors.okube.sandbox.refusal import Refusal, malformed, unprocessable
from gateway.vendors.okube.sandbox.tenant import Record, Resource, Tenant, keys_of

_REFERENCES = {"sites": Resource.SITES, "pois": Resource.POIS}
# One or many (quirk O22 and rules.md 26): an array is answered by an array.
_BULK = frozenset({Resource.CAMPAIGNS, Resource.STUDIES})


def create(tenant: Tenant, resource: Resource, body: object, app: str | None) -> Record | list[Record]:
    """`app`: the application of the route, None where the body must name it. Many are kept together or not at all."""
    if not isinstance(body, list):
        return tenant.add(resource, _made(tenant, resource, body, app, "", set()))
    if resource not in _BULK or not body:
        raise malformed("", "must be an object")
    taken: set[str] = set()
    made: list[Record] = []
    complaints: list[tuple[str, str]] = []
    status = 400
    for index, item in enumerate(body):
        try:
            made.append(_made(tenant, resource, item, app, f"{index}.", taken))
        except Refusal as refusal:
            status = max(status, refusal.status) if complaints else refusal.status
            complaints += refusal.errors or [(str(index), refusal.message)]
    if complaints:
        raise Refusal(status, "Nothing was created", complaints)
    return [tenant.add(resource, members) for members in made]


def update(tenant: Tenant, resource: Resource, record: Record, body: object) -> Record:
    """Absent members are left alone, null clears where null is allowed."""
    members = UPDATE[resource].verify(body)
    _semantics(tenant, resource, {**record, **members}, members, record, "")
    return tenant.change(record, _resolved(tenant, resource, members))


def _made(
    tenant: Tenant, resource: Resource, body: object, app: str | None, prefix: str, taken: set[str]
) -> dict[str, Any]:
    """Members of a new record. `taken`: keys of the same request; this record's are added."""
    members = dict(CREATE[resource].verify(body, prefix))
    named = members.pop("app", None)
    if app is not None and named is not None:
        raise malformed(f"{prefix}app", "must not be provided under /applications")
    if app is None:
        if named is None:
            raise malformed(f"{prefix}app", "is required")
        tenant.named(named)
    members.pop("lever", None)  # "ignored value, only used for legacy purposes"
    _semantics(tenant, resource, members, members, None, prefix)
    own = set(keys_of(members))
    if own & taken:
        raise unprocessable(f"{prefix}key", "is used twice in this request")
    taken |= own
    return _defaults(resource) | _resolved(tenant, resource, members)


def _semantics(
    tenant: Tenant, resource: Resource, whole: Record, members: Record, record: Record | None, prefix: str
) -> None:
    """422 for what only makes no sense. `whole`: the record as it would be; `members`: what was sent."""
    zone = members.get("timezone")
    if zone is not None and zone not in available_timezones():
        raise unprocessable(f"{prefix}timezone", "is not a time zone")
    point = members.get("coordinates")
    if point is not None and not (abs(point[0]) <= 180 and abs(point[1]) <= 90):
        raise unprocessable(f"{prefix}coordinates", "must be a longitude and a latitude")
    if resource is Resource.SITES and whole.get("online") and point is not None:
        raise unprocessable(f"{prefix}coordinates", "an online site has no geographical address")
    if whole.get("from") and whole.get("to") and whole["from"] > whole["to"]:
        raise unprocessable(f"{prefix}to", "must not be before from")
    for key in keys_of({name: members.get(name) for name in ("key", "keys")}):
        other = tenant.find(resource, key)
        if other is not None and other is not record and key in keys_of(other):
            raise unprocessable(f"{prefix}key", "is used already in this application")
    for member, target in _REFERENCES.items():
        for reference in members.get(member) or ():
            if tenant.find(target, reference) is None:
                raise unprocessable(f"{prefix}{member}", "names something unknown")


def _resolved(tenant: Tenant, resource: Resource, members: Record) -> Record:
    """References as `_id`, extras as the array that comes back, computed days beside the planned ones."""
    changed = dict(members)
    for member, target in _REFERENCES.items():
        if members.get(member) is not None:
            changed[member] = [tenant.get(target, reference)["_id"] for reference in members[member]]
    if resource is Resource.CAMPAIGNS:
        if "extra" in members:
            changed["extra"] = [{"key": key, "value": value} for key, value in (members["extra"] or {}).items()]
        changed |= {
            computed: members[planned]
            for planned, computed in (("from", "computedFrom"), ("to", "computedTo"))
            if planned in members
        }
    return changed


def _defaults(resource: Resource) -> Record:
    match resource:
        case Resource.CAMPAIGNS:
            bare: Record = dict.fromkeys(("lever", "_cachedLeverName", "name", "description", "from", "to"))
            return bare | {"_cachedLeverTrigger": False, "sites": [], "tags": [], "flag": 2, "extra": [], "costs": []}
        case Resource.STUDIES:
            return {"sites": [], "pois": [], "tags": [], "flag": 2}
        case _:
            return {"active": True, "tags": []}
