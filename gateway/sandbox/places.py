"""The shops of the simulated tenant: where they are, when they open, and what each vendor calls them.

Names and codes do not depend on the seed, so examples in the documents stay true. No fact of a day is made here.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from gateway.domain.instant import Micros

Hours = tuple[tuple[float, float] | None, ...]

_SHOP: Hours = ((10, 21),) * 5 + ((9, 21), (11, 18))
_WEEKDAYS_AND_SATURDAY: Hours = ((9.5, 20),) * 5 + ((9.5, 20), None)
_MALL: Hours = ((9, 22),) * 6 + ((11, 20),)
_ROUND_THE_CLOCK: Hours = ((0, 24),) * 7

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class ShopsterObject:
    """A mall, floor or zone of Shopster. `share`: part of the place's crowd that crosses it."""

    id: int
    kind: Literal["mall", "floor", "zone"]
    name: str
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class OkubeNames:
    """What Okube calls a place: `id` is 24 hexadecimal digits, `keys` are alternatives to `key` (quirk O6)."""

    id: str
    key: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One shop. `claimed` False: vendors know it, the crosswalk does not.

    `bespot`, `shopster`, `wifi`, `okube`: its names at the vendors, empty or None where the vendor does not cover it.
    Each Bespot code counts its own door. `scale`: people entering on an ordinary day. `coordinates`: (lng, lat).
    """

    index: int
    key: str
    name: str
    timezone: str
    hours: Hours
    scale: int
    coordinates: tuple[float, float]
    city: str
    country: str
    tags: tuple[str, ...] = ()
    bespot: tuple[str, ...] = ()
    okube: OkubeNames | None = None
    shopster: tuple[ShopsterObject, ...] = ()
    wifi: str | None = None
    claimed: bool = True

    @property
    def zone(self) -> ZoneInfo:
        """Cached by the library: cheap to ask again."""
        return ZoneInfo(self.timezone)

    @property
    def doors(self) -> int:
        """Doors people walk through, whether or not a counter hangs there: at least one."""
        return max(1, len(self.bespot))

    def midnight(self, day: date) -> Micros:
        """Instant at which the civil `day` begins here."""
        return _midnight(self.timezone, day)

    def span(self, day: date) -> tuple[Micros, Micros]:
        """The civil `day` here, half-open: 23, 24 or 25 hours."""
        return self.midnight(day), self.midnight(day + timedelta(days=1))

    def opening(self, day: date) -> tuple[Micros, Micros] | None:
        """When the doors open and close on `day`; None on a day of rest."""
        hours = self.hours[day.weekday()]
        if hours is None:
            return None
        begin, end = self.span(day)
        opens, closes = hours
        return begin if opens == 0 else self._wall(day, opens), end if closes == 24 else self._wall(day, closes)

    def local_day(self, instant: Micros) -> date:
        """The civil day here that holds `instant`."""
        return datetime.fromtimestamp(instant // 1_000_000, self.zone).date()

    def _wall(self, day: date, hour: float) -> Micros:
        whole = int(hour)
        moment = datetime(day.year, day.month, day.day, whole, round((hour - whole) * 60), tzinfo=self.zone)
        return int(moment.timestamp()) * 1_000_000


@lru_cache(maxsize=8192)
def _midnight(timezone: str, day: date) -> Micros:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone)).timestamp()) * 1_000_000


def _okube(number: int, key: str, *keys: str) -> OkubeNames:
    return OkubeNames(f"5e1834b0e12d62a85b38{number:04x}", key, keys)


def _mall(number: int, name: str) -> tuple[ShopsterObject, ...]:
    return (ShopsterObject(number, "mall", name),)


_GREECE, _FRANCE, _AMERICA = "Europe/Athens", "Europe/Paris", "America/New_York"

_KNOWN: tuple[Place, ...] = (
    Place(0, "ath-116500", "Athens, Ermou", _GREECE, _SHOP, 620, (23.7289, 37.9767), "Athens", "GR",
          ("flagship", "street"), ("116500",), _okube(0x8A1B, "ERMOU-01", "gr/athens ermou"), _mall(1290, "Ermou"),
          "oWNe6XWDPLM"),
    Place(1, "ath-000123", "Athens, Kolonaki", _GREECE, _WEEKDAYS_AND_SATURDAY, 260, (23.7420, 37.9790), "Athens", "GR",
          ("street",), ("000123",), _okube(0x8A1C, "KOLONAKI"), _mall(1291, "Kolonaki"), "pR3zOKmvzqe"),
    Place(2, "ath-000000d", "Athens, Glyfada", _GREECE, _SHOP, 240, (23.7530, 37.8650), "Athens", "GR",
          ("street", "test-lab"), ("000000D",), _okube(0x8A1D, "GLYFADA"), _mall(1292, "Glyfada")),
    Place(3, "skg-116501", "Thessaloniki, Tsimiski", _GREECE, _MALL, 540, (22.9430, 40.6330), "Thessaloniki", "GR",
          ("flagship", "mall"), ("116501", "116502"), _okube(0x8A1E, "TSIMISKI"), _mall(1293, "Tsimiski"),
          "oWNe6XWDPLm"),
    Place(4, "ath-100000", "Athens Airport, Arrivals", _GREECE, _ROUND_THE_CLOCK, 680, (23.9445, 37.9364), "Spata",
          "GR", ("travel",), ("100000",), _okube(0x8A1F, "ATH T1/Arrivals"), _mall(1294, "Arrivals"), "Zk8Qw2LmNx1"),
    Place(5, "par-200110", "Paris, Rivoli", _FRANCE, _SHOP, 560, (2.3400, 48.8610), "Paris", "FR",
          ("flagship", "street"), ("200110",), _okube(0x8A20, "RIVOLI"), _mall(215, "Rivoli"), "B7yTr5Vc9aQ"),
    Place(6, "par-200111", "Paris, La Défense", _FRANCE, _MALL, 480, (2.2380, 48.8920), "Puteaux", "FR",
          ("mall",), ("200111",), _okube(0x8A21, "DEFENSE"),
          (ShopsterObject(216, "mall", "La Défense"), ShopsterObject(2161, "floor", "Ground floor", 0.8),
           ShopsterObject(2162, "floor", "First floor", 0.45), ShopsterObject(21611, "zone", "Entrance hall", 0.3)),
          "h4JkL0pWs2E"),
    Place(7, "lys-200120", "Lyon, Part-Dieu", _FRANCE, _MALL, 420, (4.8570, 45.7610), "Lyon", "FR",
          ("mall",), ("200120",), _okube(0x8A22, "PART-DIEU"), _mall(217, "Part-Dieu")),
    Place(8, "mrs-vieux-port", "Marseille, Vieux-Port", _FRANCE, _WEEKDAYS_AND_SATURDAY, 300, (5.3740, 43.2960),
          "Marseille", "FR", ("street",), (), _okube(0x8A23, "VIEUX-PORT"), _mall(218, "Vieux-Port"), "n6VbX3dRt8G"),
    Place(9, "nyc-300210", "New York, SoHo", _AMERICA, _SHOP, 520, (-74.0000, 40.7230), "New York", "US",
          ("flagship", "street"), ("300210",), _okube(0x8A24, "SOHO"), _mall(310, "SoHo"), "Y1uIo9PaSdF"),
    Place(10, "nyc-300211", "New York, Fifth Avenue", _AMERICA, _SHOP, 600, (-73.9740, 40.7630), "New York", "US",
          ("flagship",), ("300211",), _okube(0x8A25, "FIFTH-AVENUE"), (), "g2HjKl4ZxCv"),
    Place(11, "bos-300220", "Boston, Newbury", _AMERICA, _SHOP, 280, (-71.0810, 42.3510), "Boston", "US",
          ("street",), ("300220",), None, _mall(312, "Newbury")),
)  # fmt: skip

STRAYS: tuple[Place, ...] = (
    Place(0xFFF0, "stray-piraeus", "Piraeus, Warehouse outlet", _GREECE, _WEEKDAYS_AND_SATURDAY, 150,
          (23.6460, 37.9420), "Piraeus", "GR", (), ("999001",), _okube(0x9F01, "PIRAEUS"), _mall(9901, "Piraeus"),
          "Q0wErTyUiOp", False),
    Place(0xFFF1, "stray-nice", "Nice, Pop-up", _FRANCE, _SHOP, 120, (7.2620, 43.7030),
          "Nice", "FR", (), ("00009X",), _okube(0x9F02, "NICE-POPUP"), _mall(9902, "Nice"), "q0WeRtYuIoP", False),
)  # fmt: skip


def _further(index: int) -> Place:
    """A made-up shop beyond the known twelve, covered by every vendor."""
    city, country, timezone, lng, lat = (
        ("Patras", "GR", _GREECE, 21.735, 38.246),
        ("Lille", "FR", _FRANCE, 3.057, 50.629),
        ("Chicago", "US", "America/Chicago", -87.63, 41.88),
    )[index % 3]
    rng = random.Random(f"place:{index}")
    number = 400_000 + index
    return Place(
        index, f"{city.lower()}-{number}", f"{city}, Shop {index}", timezone, (_SHOP, _MALL)[index % 2],
        rng.randint(150, 600), (lng, lat), city, country, ("street",), (str(number),),
        _okube(0xA000 + index, f"SHOP-{index}"), _mall(4000 + index, f"Shop {index}"),
        "w" + "".join(rng.choices(_BASE62, k=10)),
    )  # fmt: skip


def places(count: int) -> tuple[Place, ...]:
    """The first `count` claimed places."""
    return _KNOWN[:count] + tuple(_further(index) for index in range(len(_KNOWN), count))


def crosswalk_toml(claimed: tuple[Place, ...]) -> str:
    """The crosswalk file that joins the vendors' names of `claimed` (configuration.md)."""
    return "\n".join(_entry(place) for place in claimed)


def _entry(place: Place) -> str:
    lines = ["[[site]]", f'key = "{place.key}"', f'name = "{place.name}"', f'timezone = "{place.timezone}"']
    lines.append(f"tags = {_texts(place.tags)}")
    if place.bespot:
        lines.append(f"bespot = {_texts(place.bespot)}")
    if place.okube is not None:
        # one entry goes by its key, so that resolving keys is exercised too
        lines.append(f'okube = "{place.okube.key if place.key == "ath-100000" else place.okube.id}"')
    if place.shopster:
        objects = ", ".join(f'{{ id = {thing.id}, kind = "{thing.kind}" }}' for thing in place.shopster)
        lines.append(f"shopster = [{objects}]")
    if place.wifi is not None:
        lines.append(f'guest_wifi = ["{place.wifi}"]')
    return "\n".join(lines) + "\n"


def _texts(texts: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{text}"' for text in texts) + "]"
