"""Facts by scope, entity and civil day: what an analytics question is answered from.

Days are those of each site; the future has no facts. Requests are not read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from gateway.sandbox.places import Place
from gateway.sandbox.world import World
from gateway.vendors.okube.sandbox.facts import Facts
from gateway.vendors.okube.sandbox.tenant import Record, Resource, Tenant

# Entity -> day -> facts.
Scoped = dict[str, dict[date, Facts]]

_UPLIFT = 1.12
_AREAS = {"homes": (0.45, 0.3, 0.25), "works": (0.5, 0.3, 0.2), "zones": (0.7, 0.3)}
_EQUIPMENTS = (0.6, 0.4)
_NEARBY_SHARES = (0.3, 0.12)
_PASSERS = 2.3
_UNKNOWN_LIFT = 1.03
_OFFLINE_BASKET = 48.0
_ONLINE_BASKET = 31.0


@dataclass(frozen=True)
class Reach:
    """Which part of the truth a question is about. `campaigns` None: the module knows none.

    `entities`: what `filters` leave of a scope of areas or devices; absent: everything.
    """

    sites: tuple[Record, ...]
    days: tuple[date, ...]
    uplift: bool
    campaigns: tuple[Record, ...] | None
    entities: dict[str, frozenset[str]]


class Figures:
    """Reads the world and the tenant's campaigns. One past day of one place is worked out once."""

    def __init__(self, world: World, tenant: Tenant) -> None:
        self._world = world
        self._tenant = tenant
        self._seen: dict[tuple[str, date], Facts] = {}

    def scoped(self, reach: Reach, scope: str) -> Scoped:
        """Facts of one scope, by the entity's `_id`; the global scope has one entity, the empty text."""
        found: Scoped = {}
        for entity, day, facts in self._rows(reach, scope):
            if scope in reach.entities and entity not in reach.entities[scope]:
                continue
            days = found.setdefault(entity, {})
            whole = facts.extrapolated(_UPLIFT) if reach.uplift else facts
            days[day] = days[day] + whole if day in days else whole
        return found

    def property_of(self, scope: str, entity: str, wanted: str) -> str:
        """The entity by another of its properties (`key`, `name`); itself where it has no such property."""
        if scope not in ("sites", "campaigns"):
            return entity
        record = self._tenant.find(Resource(scope), entity)
        return str((record or {}).get(wanted) or entity)

    def _rows(self, reach: Reach, scope: str) -> Iterator[tuple[str, date, Facts]]:
        for site in reach.sites:
            place = self._world.okube.get(site["_id"])
            if place is None:
                continue
            for day in self._past(place, reach.days):
                if reach.campaigns is None:
                    yield from self._footfall(site, place, day, scope)
                else:
                    yield from self._marketing(site, place, day, scope, reach.campaigns)

    def _past(self, place: Place, days: Iterable[date]) -> list[date]:
        first, today = place.local_day(self._world.begin), place.local_day(self._world.now())
        return [day for day in days if first <= day <= today]

    def _footfall(self, site: Record, place: Place, day: date, scope: str) -> Iterator[tuple[str, date, Facts]]:
        facts = self._day(place, day)
        match scope:
            case "globals":
                yield "", day, facts
            case "sites":
                yield site["_id"], day, facts
            case "equipments":
                for number, share in enumerate(_EQUIPMENTS):
                    yield f"5e1834b0e12d62a860{place.index:04x}{number:02x}", day, facts.scaled(share)
            case _:
                for number, share in enumerate(_AREAS[scope]):
                    yield f"{75 + list(_AREAS).index(scope)}{place.index:04d}{number:03d}", day, facts.scaled(share)

    def _marketing(
        self, site: Record, place: Place, day: date, scope: str, campaigns: tuple[Record, ...]
    ) -> Iterator[tuple[str, date, Facts]]:
        for campaign in campaigns:
            if not _runs(campaign, site, day):
                continue
            facts = self._attributed(campaign, place, day)
            match scope:
                case "globals":
                    yield "", day, facts
                case "sites":
                    yield site["_id"], day, facts
                case "campaigns":
                    yield campaign["_id"], day, facts
                case "levers":
                    if campaign.get("lever"):
                        yield campaign["lever"], day, facts
                case _:
                    for extra in campaign.get("extra") or ():
                        yield f"{extra['key']}:{extra['value']}", day, facts

    def _day(self, place: Place, day: date) -> Facts:
        known = self._seen.get((place.key, day))
        if known is not None:
            return known
        footfall = self._world.footfall(place, day)
        facts = Facts(
            entries=footfall.entries,
            exits=footfall.exits,
            seconds=footfall.seconds_inside,
            passers=footfall.entries * _PASSERS,
            parts={
                point: footfall.entries * share
                for point, share in zip(self._nearby(place), _NEARBY_SHARES, strict=False)
            },
        )
        if day < place.local_day(self._world.now()):
            self._seen[place.key, day] = facts
        return facts

    def _nearby(self, place: Place) -> list[str]:
        """Ids of the points of interest beside it: the world names them after it."""
        ending = f"/{place.key}"
        return [point.id for point in self._world.points_of_interest if point.key.endswith(ending)]

    def _attributed(self, campaign: Record, place: Place, day: date) -> Facts:
        """What one campaign brought to one place: the part of the entries its lift explains."""
        lift = float(campaign.get("lift", _UNKNOWN_LIFT))
        visits = self._day(place, day).entries * (lift - 1) / lift
        prints = visits * 42 + 10
        offline, online = visits * 0.22, visits * 0.03
        return Facts(
            attributed=visits,
            online=visits * 0.6,
            prints=prints,
            clicks=prints * 0.018,
            opened=prints * 0.2,
            cost=self._daily_cost(campaign),
            offline_conversions=offline,
            online_conversions=online,
            offline_revenue=offline * _OFFLINE_BASKET,
            online_revenue=online * _ONLINE_BASKET,
            parts={campaign["_id"]: visits},
        )

    def _daily_cost(self, campaign: Record) -> float:
        """Its costs spread evenly over its days and sites."""
        amounts = (cost.get("amount", 0) for cost in campaign.get("costs") or ())
        total = sum(amount for amount in amounts if isinstance(amount, int | float))
        first, last = date.fromisoformat(campaign["from"]), date.fromisoformat(campaign["to"])
        reached = len(campaign["sites"]) or len(self._world.everywhere)
        return total / ((last - first).days + 1) / reached


def _runs(campaign: Record, site: Record, day: date) -> bool:
    """Campaigns with open ends do not run: nobody could spread their costs."""
    if not campaign.get("from") or not campaign.get("to"):
        return False
    if campaign.get("sites") and site["_id"] not in campaign["sites"]:
        return False
    return bool(campaign["from"] <= day.isoformat() <= campaign["to"])
