"""Edits of the keys file: a key is shown once, other text stays, and nothing is lost halfway."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.access.key_file import create_key, list_keys, revoke_key
from gateway.access.keys import KeyRing, looks_like_key
from gateway.access.scopes import Scope
from gateway.domain.errors import Unauthenticated
from gateway.settings import ConfigurationError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.toml"


def test_a_created_key_works_and_is_written_as_a_hash_only(path: Path) -> None:
    key, entry = create_key(
        path,
        'Ada "the first" Ω',
        [Scope.WRITE, Scope.READ],
        sites=["b", "a"],
        tags=[],
        requests_per_minute=60,
        expires=datetime(2099, 1, 1, tzinfo=UTC),
    )
    assert looks_like_key(key)
    assert key not in path.read_text()
    digest = hashlib.sha256(key.encode()).hexdigest()
    assert (
        entry
        == path.read_text()
        == (
            f'[[key]]\nname = "Ada \\"the first\\" Ω"\nhash = "sha256:{digest}"\nscopes = ["read", "write"]\n'
            'sites = ["a", "b"]\ntags = []\nrequests_per_minute = 60\nexpires = 2099-01-01T00:00:00+00:00\n'
        )
    )
    caller = KeyRing(path).find(key)
    assert caller.name == 'Ada "the first" Ω'
    assert caller.sites == frozenset({"a", "b"})
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_keys_are_never_the_same(path: Path) -> None:
    assert create_key(path, "ada", [])[0] != create_key(path, "bob", [])[0]
    assert [entry.name for entry in list_keys(path)] == ["ada", "bob"]


def test_other_text_stays_when_keys_come_and_go(path: Path) -> None:
    before = "# our keys\r\n\r\n"
    path.write_bytes(before.encode())
    path.chmod(0o640)
    create_key(path, "ada", [Scope.READ])
    path.write_text(path.read_text() + "\n# bob is a robot\n")
    bob, _ = create_key(path, "bob", [Scope.READ])
    create_key(path, "eve", [Scope.READ])
    revoke_key(path, "ada")
    assert [entry.name for entry in list_keys(path)] == ["bob", "eve"]
    assert path.read_text().startswith("# our keys\n\n")
    assert "# bob is a robot\n\n[[key]]\n" in path.read_text()
    revoke_key(path, "eve")
    assert KeyRing(path).find(bob).name == "bob"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [found.name for found in path.parent.iterdir()] == ["keys.toml"]


def test_a_revoked_key_opens_nothing(path: Path) -> None:
    key, _ = create_key(path, "ada", [Scope.READ])
    revoke_key(path, "ada")
    assert list_keys(path) == ()
    with pytest.raises(Unauthenticated):
        KeyRing(path).find(key)


def test_a_taken_name_and_a_faulty_member_change_nothing(path: Path) -> None:
    create_key(path, "ada", [Scope.READ])
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match=r"key\[1\]\.name: an earlier entry has the same"):
        create_key(path, "ada", [Scope.READ])
    with pytest.raises(ConfigurationError, match="name: not as documented"):
        create_key(path, "b\nob", [])
    with pytest.raises(ConfigurationError, match="requests_per_minute: not as documented"):
        create_key(path, "bob", [], requests_per_minute=0)
    assert path.read_bytes() == before


def test_an_unknown_name_cannot_be_revoked_and_is_not_repeated(path: Path) -> None:
    create_key(path, "ada", [])
    with pytest.raises(ConfigurationError) as error:
        revoke_key(path, "canary")
    assert str(error.value) == "GATEWAY_API_KEYS: no key has this name"


def test_a_form_that_cannot_be_edited_safely_is_left_alone(path: Path) -> None:
    digest = "sha256:" + "0" * 64
    path.write_text(f'key = [{{ name = "ada", hash = "{digest}", scopes = [] }}]\n')
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="by hand"):
        revoke_key(path, "ada")
    with pytest.raises(ConfigurationError):
        create_key(path, "bob", [])
    assert path.read_bytes() == before


def test_a_header_inside_a_text_does_not_mislead_the_revocation(path: Path) -> None:
    digest = "sha256:" + "0" * 64
    tricky = f'[[key]]\nname = "ada"\nhash = "{digest}"\nscopes = []\nsites = ["""\n[[key]]\n"""]\n'
    path.write_text(tricky)
    create_key(path, "bob", [])
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="by hand"):
        revoke_key(path, "ada")
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"^GATEWAY_API_KEYS: the folder cannot be written$"):
        create_key(tmp_path / "absent" / "keys.toml", "ada", [])
