"""Rights as values: which sites a caller sees, which refusal they meet, which caches they share."""

from __future__ import annotations

import pytest

from gateway.access.principal import CallerKind, Principal, require
from gateway.access.scopes import EVERY_SCOPE, Scope, parse_scopes
from gateway.domain.errors import Forbidden, Unauthenticated
from gateway.domain.site import Site
from gateway.settings import ConfigurationError

ATHENS = Site(key="ath-1", name="Athens", crosswalk_tags=("flagship",), tags=("flagship", "okube-made"))
PATRAS = Site(key="pat-1", name="Patras")
UNCLAIMED = Site(key="okube:5e", name="Nobody's", claimed=False, tags=("flagship",), crosswalk_tags=())


def caller(
    sites: set[str] | None = None, tags: set[str] | None = None, scopes: frozenset[Scope] = EVERY_SCOPE
) -> Principal:
    return Principal(
        kind=CallerKind.KEY,
        label="key:x",
        name="x",
        scopes=scopes,
        sites=None if sites is None else frozenset(sites),
        tags=None if tags is None else frozenset(tags),
    )


@pytest.mark.parametrize(
    ("sites", "tags", "seen"),
    [
        (None, None, [True, True, True]),
        (set(), None, [False, False, False]),
        (None, set(), [False, False, False]),
        (set(), set(), [False, False, False]),
        ({"pat-1"}, None, [False, True, False]),
        (None, {"flagship"}, [True, False, False]),
        ({"pat-1"}, {"flagship"}, [True, True, False]),
        ({"pat-1"}, set(), [False, True, False]),
        (None, {"okube-made"}, [False, False, False]),
        ({"okube:5e"}, None, [False, False, False]),
        ({"PAT-1"}, {"Flagship"}, [False, False, False]),
    ],
)
def test_sites_and_tags_form_a_union(sites: set[str] | None, tags: set[str] | None, seen: list[bool]) -> None:
    principal = caller(sites, tags)
    assert [principal.sees(site) for site in (ATHENS, PATRAS, UNCLAIMED)] == seen
    assert principal.limited == (sites is not None or tags is not None)


def test_a_stranger_without_any_scope_is_asked_who_they_are_and_everyone_else_is_forbidden() -> None:
    stranger = Principal(kind=CallerKind.ANONYMOUS, label="anonymous")
    with pytest.raises(Unauthenticated):
        require(stranger, Scope.READ)
    with pytest.raises(Forbidden):
        require(Principal(kind=CallerKind.ANONYMOUS, label="anonymous", scopes=frozenset({Scope.READ})), Scope.WRITE)
    with pytest.raises(Forbidden):
        require(caller(scopes=frozenset()), Scope.READ)


@pytest.mark.parametrize("held", Scope)
def test_no_scope_implies_another(held: Scope) -> None:
    principal = caller(scopes=frozenset({held}))
    require(principal, held)
    assert [scope for scope in Scope if principal.has(scope)] == [held]
    for other in EVERY_SCOPE - {held}:
        with pytest.raises(Forbidden):
            require(principal, other)


def test_equal_rights_share_a_key_and_no_others_do() -> None:
    every = [
        caller(),
        caller(scopes=frozenset({Scope.READ})),
        caller(set()),
        caller(None, set()),
        caller({"a", "b"}),
        caller({"a"}, {"b"}),
        caller({"a,b"}),
        caller(None, {"a", "b"}),
    ]
    assert len({principal.rights_key for principal in every}) == len(every)
    assert caller({"a", "b"}).rights_key == caller({"b", "a"}).rights_key
    # Pinned: replicas and restarts must agree on it.
    assert caller({"a", "b"}).rights_key == "813235348cedc9954c7eaa1adfc5f516"
    assert caller({"a", "b"}).reach_key == "dac90124d1356e8ed372cac9187395c7"


def test_a_cursor_outlives_a_change_of_scopes_but_not_of_sites() -> None:
    assert caller({"a"}, scopes=frozenset({Scope.READ})).reach_key == caller({"a"}).reach_key
    assert caller({"a"}).reach_key != caller({"a", "b"}).reach_key


def test_scopes_are_read_from_texts() -> None:
    assert parse_scopes(["read", "pii:read"], "X") == {Scope.READ, Scope.PII_READ}
    assert parse_scopes([], "X") == frozenset()


@pytest.mark.parametrize("text", ["READ", "reed-canary", "*", "", "read write"])
def test_an_unknown_scope_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        parse_scopes(["read", text], "GATEWAY_ANONYMOUS_SCOPES")
    assert str(error.value) == (
        "GATEWAY_ANONYMOUS_SCOPES: names an unknown scope; the scopes are read, write, pii:read, cache:bypass, admin"
    )
