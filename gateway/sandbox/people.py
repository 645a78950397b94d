"""Synthetic devices and guests, recognisable at sight, so that a leak is found by searching for a pattern.

Nothing here may resemble a real person. Patterns of the canaries:

    device and user ids   UUIDs that start with `ca9a` (device) and `ca9e` (user); `ca9d` for a guest's Yas id
    alternative user id   `ALT-CANARY-000123`
    name                  `Ada Canary-000123`
    e-mail                `canary.000123@example.com`
    user name             `CAN0007B`
    guest id              eleven characters that start with `gCa`
    MAC address           `02:ca:9a:…` (locally administered)
    address               172.31.0.0/16
    access code           `CANARY-…`
"""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FIRST = ("Ada", "Bo", "Cleo", "Dimi", "Eva", "Finn", "Gaia", "Hugo", "Iris", "Jo", "Kai", "Lea")
_AGENTS = ("WebKit", "Android 14", "iPhone", "Windows 11", "Chrome on Android", "Safari")


@dataclass(frozen=True, slots=True, eq=False)
class Device:
    """A phone with the app. `user_id` and `alt_user_id` are "" where the app gave none (quirk B12)."""

    device_id: str
    user_id: str
    alt_user_id: str


@dataclass(frozen=True, slots=True, eq=False)
class Guest:
    """Somebody who logs in to the guest Wi-Fi, with one device."""

    guest_id: str
    yas_id: str
    name: str
    email: str
    username: str
    mac: str
    device: str


def marked_uuid(rng: random.Random, mark: str) -> str:
    """A version 4 UUID that starts with four marked hexadecimal digits."""
    return mark + str(uuid.UUID(int=rng.getrandbits(128), version=4))[4:]


def token(rng: random.Random, length: int) -> str:
    """Letters of both cases and digits: the vendors' opaque, case-sensitive ids (quirk G13)."""
    return "".join(rng.choices(_BASE62, k=length))


def devices(seed: int, place: str, count: int) -> tuple[Device, ...]:
    """The stable pool of phones that come to `place`."""
    rng = random.Random(f"{seed}:{place}:devices")
    pool = []
    for _ in range(count):
        device = marked_uuid(rng, "ca9a")
        user = marked_uuid(rng, "ca9e") if rng.random() < 0.7 else ""
        number = rng.randrange(1_000_000)
        pool.append(Device(device, user, f"ALT-CANARY-{number:06d}" if user and rng.random() < 0.5 else ""))
    return tuple(pool)


def guests(seed: int, place: str, index: int, count: int) -> tuple[Guest, ...]:
    """The stable pool of Wi-Fi guests of `place`; `index` keeps their numbers apart from other places'."""
    rng = random.Random(f"{seed}:{place}:guests")
    return tuple(_guest(rng, (index * 1000 + number) % 1_000_000) for number in range(count))


def _guest(rng: random.Random, number: int) -> Guest:
    return Guest(
        guest_id="gCa" + token(rng, 8),
        yas_id=marked_uuid(rng, "ca9d"),
        name=f"{rng.choice(_FIRST)} Canary-{number:06d}",
        email=f"canary.{number:06d}@example.com",
        username=f"CAN{number:05X}",
        mac=f"02:ca:9a:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",
        device=rng.choice(_AGENTS),
    )
