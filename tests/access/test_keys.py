"""The keys file: what it may hold, how it is refused, and how a running gateway takes up a change."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from gateway.access.keys import KeyRing, looks_like_key, parse_keys
from gateway.access.scopes import Scope
from gateway.domain.errors import Unauthenticated
from gateway.settings import ConfigurationError
from tests.access.issuer import Clocks

ADA, BOB = "A" * 43, "b_-" + "9" * 40


def hashed(key: str) -> str:
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


def entry(name: str, key: str, more: str = 'scopes = ["read"]') -> str:
    return f'[[key]]\nname = "{name}"\nhash = "{hashed(key)}"\n{more}\n'


class Bench:
    def __init__(self, folder: Path) -> None:
        self.clocks = Clocks()
        self.path = folder / "keys.toml"
        self.writes = 0
        self.write(entry("ada", ADA))
        self.ring = KeyRing(self.path, clock=self.clocks.micros, monotonic=self.clocks.monotonic)

    def write(self, text: str) -> None:
        """A distinct time each, however coarse the file system's."""
        self.writes += 1
        self.path.write_text(text)
        os.utime(self.path, (self.writes, self.writes))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_key_is_its_callers_rights(bench: Bench) -> None:
    more = 'scopes = ["read", "pii:read"]\nsites = ["ath-1"]\ntags = []\nrequests_per_minute = 60'
    bench.write(entry("ada", ADA, more))
    ring = KeyRing(bench.path)
    ada = ring.find(ADA)
    assert (ada.name, ada.label, ada.requests_per_minute) == ("ada", "key:ada", 60)
    assert ada.scopes == {Scope.READ, Scope.PII_READ}
    assert ada.sites == frozenset({"ath-1"})
    assert ada.tags == frozenset()


def test_an_unknown_key_is_refused_without_repeating_it(bench: Bench) -> None:
    with pytest.raises(Unauthenticated) as error:
        bench.ring.find(BOB)
    assert BOB not in error.value.message


def test_the_hash_is_no_key(bench: Bench) -> None:
    for text in (hashed(ADA), hashed(ADA).removeprefix("sha256:"), ADA[:-1], ADA.lower(), ""):
        with pytest.raises(Unauthenticated):
            bench.ring.find(text)


@pytest.mark.parametrize(
    ("expires", "left"),
    [
        ("2026-09-21T14:13:20Z", 0),
        ("2026-09-21T14:13:21Z", 1),
        ("2026-09-21T17:13:21+03:00", 1),
        ("2026-09-21T14:13:21", 1),
        ("2000-01-01T00:00:00Z", 0),
    ],
)
def test_a_key_ends_when_it_expires(tmp_path: Path, expires: str, left: int) -> None:
    bench = Bench(tmp_path)
    bench.write(entry("ada", ADA, f"scopes = []\nexpires = {expires}"))
    ring = KeyRing(bench.path, clock=bench.clocks.micros)
    if left:
        assert ring.find(ADA).name == "ada"
        bench.clocks.seconds += left
    with pytest.raises(Unauthenticated, match=r"^The key has expired\.$"):
        ring.find(ADA)


def test_an_upper_case_hash_is_the_same_hash() -> None:
    text = entry("ada", ADA).replace(hashed(ADA), "sha256:" + hashed(ADA)[7:].upper())
    assert parse_keys(text)[0].digest == hashlib.sha256(ADA.encode()).digest()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (entry("ada", ADA) + 'canary = "x"', "key[0]: not as documented"),
        ('canary = "x"\n' + entry("ada", ADA), "the file: not as documented"),
        ('[key]\nname = "canary"', "key: not as documented"),
        ('[[key]]\nname = "canary"', "key[0]: not as documented"),
        (entry("ada", ADA, 'scopes = ["read", "canary"]'), "key[0].scopes[1]: not as documented"),
        (entry("ada", ADA, 'scopes = "read"'), "key[0].scopes: not as documented"),
        (entry("ada", ADA, ""), "key[0]: not as documented"),
        (entry("ada", ADA).replace("sha256:", "md5:"), "key[0].hash: not as documented"),
        (entry("ada", ADA).replace(hashed(ADA), "canary"), "key[0].hash: not as documented"),
        (entry("ada", ADA).replace(hashed(ADA), ADA), "key[0].hash: not as documented"),
        (entry("ada", ADA).replace(hashed(ADA), hashed(ADA)[:-1]), "key[0].hash: not as documented"),
        (entry("ada", ADA).replace(hashed(ADA), hashed(ADA) + "\\n"), "key[0].hash: not as documented"),
        (entry("", ADA), "key[0].name: not as documented"),
        (entry("can\\nary", ADA), "key[0].name: not as documented"),
        (entry("ada", ADA, 'scopes = []\nsites = "canary"'), "key[0].sites: not as documented"),
        (entry("ada", ADA, "scopes = []\nsites = [7]"), "key[0].sites[0]: not as documented"),
        (entry("ada", ADA, "scopes = []\ntags = [true]"), "key[0].tags[0]: not as documented"),
        (entry("ada", ADA, "scopes = []\nrequests_per_minute = 0"), "key[0].requests_per_minute: not as documented"),
        (entry("ada", ADA, "scopes = []\nrequests_per_minute = true"), "key[0].requests_per_minute: not as documented"),
        (entry("ada", ADA, "scopes = []\nrequests_per_minute = 1.5"), "key[0].requests_per_minute: not as documented"),
        (entry("ada", ADA, 'scopes = []\nexpires = "canary"'), "key[0].expires: not as documented"),
        (entry("ada", ADA, 'scopes = []\nexpires = "2030-01-01T00:00:00Z"'), "key[0].expires: not as documented"),
        (entry("ada", ADA, "scopes = []\nexpires = 2030-01-01"), "key[0].expires: not as documented"),
        (entry("ada", ADA) + entry("ada", BOB), "key[1].name: an earlier entry has the same"),
        (entry("ada", ADA) + entry("bob", ADA), "key[1].hash: an earlier entry has the same"),
        (entry("ada", ADA) + entry("bob", ADA).replace("sha256:a", "sha256:A"), "key[1].hash: an earlier"),
        ("[[key]]\nname = canary", "not TOML (line 2)"),
        ("x = " + "[" * 5000, "not TOML"),
    ],
)
def test_a_faulty_file_is_refused_by_place_and_never_by_text(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        parse_keys(text)
    assert str(error.value).startswith(f"GATEWAY_API_KEYS: {message}")
    for secret in ("canary", ADA, hashed(ADA)[7:]):
        assert secret not in str(error.value)
    assert error.value.__cause__ is None


def test_a_file_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b'[[key]]\nname = "caf\xe9"')
    for path in (tmp_path / "absent.toml", tmp_path, tmp_path / "latin.toml"):
        with pytest.raises(ConfigurationError, match=r"^GATEWAY_API_KEYS: the file cannot be read as UTF-8 text$"):
            KeyRing(path)


def test_a_file_without_keys_lets_nobody_in(tmp_path: Path) -> None:
    (tmp_path / "keys.toml").write_text("# none yet\n")
    with pytest.raises(Unauthenticated):
        KeyRing(tmp_path / "keys.toml").find(ADA)


def test_a_changed_file_is_taken_up_within_a_second(bench: Bench) -> None:
    bench.write(entry("bob", BOB))
    assert bench.ring.find(ADA).name == "ada"
    bench.clocks.seconds += 1
    assert bench.ring.find(BOB).name == "bob"
    with pytest.raises(Unauthenticated):
        bench.ring.find(ADA)


def test_a_broken_new_file_keeps_the_old_keys_and_says_so_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.write("[[key]]\nname = canary")
    for _ in range(3):
        bench.clocks.seconds += 1
        assert bench.ring.find(ADA).name == "ada"
    report = "GATEWAY_API_KEYS: not TOML (line 2); the keys read before stay in force"
    assert bench.ring.problem == report
    assert [record.getMessage() for record in caplog.records] == [report]
    bench.write(entry("bob", BOB))
    bench.clocks.seconds += 1
    assert bench.ring.find(BOB).name == "bob"
    assert bench.ring.problem is None


def test_a_file_that_vanishes_keeps_the_old_keys(bench: Bench) -> None:
    bench.path.unlink()
    bench.clocks.seconds += 1
    assert bench.ring.find(ADA).name == "ada"
    assert bench.ring.problem is not None


@pytest.mark.parametrize(
    ("text", "is_key"),
    [(ADA, True), (BOB, True), (ADA[:-1], False), (ADA + "A", False), (ADA + "\n", False), ("é" * 43, False)],
)
def test_keys_are_told_by_their_form(text: str, is_key: bool) -> None:
    assert looks_like_key(text) is is_key
