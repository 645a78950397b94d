"""Pseudonyms join and count, can be turned back by the gateway alone, and cannot be forged."""

from __future__ import annotations

import base64
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from gateway.access.pseudonyms import DEVELOPMENT_KEY, Pseudonyms
from gateway.domain.errors import InputError
from gateway.domain.vendor import VendorKey
from gateway.settings import SandboxMode, Settings

OURS = Pseudonyms(bytes(range(32)))
THEIRS = Pseudonyms(bytes(range(1, 33)))
MAC = "5C:F9:38:00:00:01"

vendors = st.sampled_from(VendorKey)
identifiers = st.text(max_size=80)


@given(vendors, identifiers)
@settings(max_examples=60, deadline=None)
def test_every_identifier_comes_back(vendor: VendorKey, identifier: str) -> None:
    assert OURS.reveal(OURS.device(vendor, identifier)) == (vendor, identifier)


@given(vendors, identifiers, st.data())
@settings(max_examples=60, deadline=None)
def test_an_altered_pseudonym_is_refused(vendor: VendorKey, identifier: str, data: st.DataObject) -> None:
    good = OURS.device(vendor, identifier)
    place = data.draw(st.integers(0, len(good) - 1))
    letter = data.draw(st.sampled_from("ABCabc019-_= +/é"))
    bad = good[:place] + letter + good[place + 1 :]
    if bad != good:
        with pytest.raises(InputError):
            OURS.reveal(bad)


@given(st.one_of(st.text(max_size=60), st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode())))
@settings(max_examples=60, deadline=None)
def test_a_made_up_pseudonym_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InputError) as error:
        OURS.reveal(text, ["filter", "device"])
    assert error.value.message == "Not a device pseudonym of this gateway."
    assert error.value.argument == ("filter", "device")
    assert error.value.__cause__ is None


def test_every_shortening_and_lengthening_is_refused() -> None:
    good = OURS.device(VendorKey.GUEST_WIFI, MAC)
    for text in [*(good[:length] for length in range(len(good))), good + "A", good + "=", good + "\n", " " + good]:
        with pytest.raises(InputError):
            OURS.reveal(text)


def test_a_pseudonym_is_stable_over_processes_and_replicas() -> None:
    # Pinned: stored pseudonyms and saved filters must go on working after an upgrade.
    assert OURS.device(VendorKey.BESPOT, "2f1c") == "AXG0Wr7cI-lmzRBEmgSP0GG6bYSRUlpGkdO2dA"
    assert OURS.device(VendorKey.BESPOT, "2f1c") == Pseudonyms(bytes(range(32))).device(VendorKey.BESPOT, "2f1c")


def test_another_key_another_vendor_or_another_device_is_another_pseudonym() -> None:
    every = {
        OURS.device(VendorKey.BESPOT, MAC),
        OURS.device(VendorKey.GUEST_WIFI, MAC),
        OURS.device(VendorKey.GUEST_WIFI, MAC.lower()),
        THEIRS.device(VendorKey.BESPOT, MAC),
    }
    assert len(every) == 4
    with pytest.raises(InputError):
        THEIRS.reveal(OURS.device(VendorKey.BESPOT, MAC))


def test_a_pseudonym_is_safe_in_urls_and_shows_nothing() -> None:
    text = OURS.device(VendorKey.GUEST_WIFI, MAC)
    assert text.isascii()
    assert set(text).isdisjoint("+/=. ")
    raw = base64.urlsafe_b64decode(text + "==")
    assert MAC.encode() not in raw
    assert b"GUEST" not in raw


@given(st.lists(identifiers, max_size=30), st.booleans())
def test_ids_made_together_are_those_made_one_by_one(lasts: list[str], alike: bool) -> None:
    if alike:
        lasts = [last.encode("ascii", "replace").decode().ljust(80, ".") for last in lasts]
    ids = OURS.ids("Session", "BESPOT")
    assert ids.all(lasts) == [ids.one(last) for last in lasts]


def test_ids_are_stable_and_of_one_key_and_kind() -> None:
    # Pinned: a stored id must go on meaning the same session after an upgrade.
    assert OURS.ids("Session", "BESPOT").one("42") == "xC2LIgZi6-I9Q6jkGMDfRg"
    every = {
        OURS.ids("Session", "BESPOT").one("42"),
        OURS.ids("Session", "GUEST_WIFI").one("42"),
        OURS.ids("SessionBESPOT").one("42"),
        OURS.ids("Session", "BESPOT").one("43"),
        OURS.ids("Session", "BESPOT").one("\ud800"),
        THEIRS.ids("Session", "BESPOT").one("42"),
    }
    assert len(every) == 6
    assert {len(text) for text in every} == {22}


def test_opaque_ids_are_stable_and_keep_parts_apart() -> None:
    assert OURS.opaque_id("session", "BESPOT", "42") == "WJ_U8ZCknRfJAv6HbM6zDQ"
    every = {
        OURS.opaque_id("session", "ab", "c"),
        OURS.opaque_id("session", "a", "bc"),
        OURS.opaque_id("session", "abc"),
        OURS.opaque_id("session", "abc", ""),
        OURS.opaque_id("sessionabc"),
        THEIRS.opaque_id("session", "ab", "c"),
    }
    assert len(every) == 6
    assert {len(text) for text in every} == {22}


def test_derived_keys_are_hkdf_with_sha_256() -> None:
    root = hmac.digest(bytes(32), bytes(range(32)), "sha256")  # RFC 5869, written out
    assert OURS.derive("cursor") == hmac.digest(root, b"retail-gateway/1/cursor\x01", "sha256")


def test_each_use_has_a_key_of_its_own() -> None:
    assert OURS.derive("cursor") == OURS.derive("cursor")
    assert len({OURS.derive("cursor"), OURS.derive("seal/cache"), THEIRS.derive("cursor")}) == 3
    assert len(OURS.derive("cursor", 64)) == 64


def test_a_sealed_value_opens_only_in_its_place_and_under_its_key() -> None:
    sealer = OURS.sealer("cache")
    sealed = sealer.seal(MAC.encode(), b"place")
    assert MAC.encode() not in sealed
    assert sealed != sealer.seal(MAC.encode(), b"place")
    assert Pseudonyms(bytes(range(32))).sealer("cache").open(sealed, b"place") == MAC.encode()
    assert sealer.open(sealer.seal(b"", b"place"), b"place") == b""
    assert sealer.open(sealed, b"elsewhere") is None
    assert OURS.sealer("other").open(sealed, b"place") is None
    assert THEIRS.sealer("cache").open(sealed, b"place") is None


def test_rubbish_in_a_store_is_a_miss() -> None:
    sealer = OURS.sealer("cache")
    sealed = sealer.seal(b"value", b"place")
    for place in range(len(sealed)):
        assert sealer.open(sealed[:place], b"place") is None
        assert sealer.open(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :], b"place") is None


def test_the_key_comes_from_the_settings_and_the_sandbox_has_its_own() -> None:
    live = Pseudonyms.from_settings(Settings(sandbox=SandboxMode.NONE, pseudonym_key=SecretStr(bytes(range(32)).hex())))
    assert live.device(VendorKey.BESPOT, MAC) == OURS.device(VendorKey.BESPOT, MAC)
    played = Pseudonyms.from_settings(Settings(sandbox=SandboxMode.ALL))
    assert played.derive("cursor") == Pseudonyms(DEVELOPMENT_KEY).derive("cursor")


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Pseudonyms(bytes(length))
