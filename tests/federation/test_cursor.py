"""A cursor works for what it was made of, survives restarts and new keys, and anything else is BAD_CURSOR."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.errors import CursorError
from gateway.federation.cursor import Cursors

OLD, NEW = b"an old key of cursors", b"a new key of cursors"
BOUND: tuple[Any, ...] = ("rights", (1, 2), ["a", "b"], None)
BINDING = Cursors([OLD]).bind("visits", *BOUND)
CURSOR = BINDING.encode(b"position")


def refused(cursor: str, cursors: Cursors | None = None, field: str = "visits", bound: tuple[Any, ...] = BOUND) -> bool:
    binding = (cursors or Cursors([OLD])).bind(field, *bound)
    with suppress(CursorError):
        return binding.decode(cursor, "after") is None
    with pytest.raises(CursorError) as met:
        binding.decode(cursor, "after")
    assert (met.value.code, met.value.argument) == ("BAD_CURSOR", ("after",))
    assert len(cursor) < 12 or cursor not in met.value.message
    return True


def test_a_cursor_comes_back_as_its_position_after_a_restart() -> None:
    assert Cursors([OLD]).bind("visits", *BOUND).decode(CURSOR, "after") == b"position"


@pytest.mark.parametrize(
    "garbage", ["", " ", "zzz", "=", "AAAA", "ü", "a" * 2000, CURSOR + "=", CURSOR + "A", CURSOR[:-1], CURSOR + "\n"]
)
def test_garbage_is_refused(garbage: str) -> None:
    assert refused(garbage)


@pytest.mark.parametrize(
    ("field", "bound"),
    [
        ("occupancy", BOUND),
        ("visits", ("other rights", *BOUND[1:])),
        ("visits", ("rights", (1, 3), *BOUND[2:])),
        ("visits", ("rights", (1, 2), ["a"], None)),
        ("visits", ("rights", (1, 2), ["a", "b"], "")),
        ("visits", (*BOUND, None)),
        ("visits", ("rights", (1, 2), ["ab"], None)),
    ],
)
def test_a_cursor_of_something_else_is_refused(field: str, bound: tuple[Any, ...]) -> None:
    assert refused(CURSOR, field=field, bound=bound)


def test_after_a_change_of_keys_old_cursors_still_work_and_new_ones_are_signed_with_the_first() -> None:
    both = Cursors([NEW, OLD])
    assert both.bind("visits", *BOUND).decode(CURSOR, "after") == b"position"
    fresh = both.bind("visits", *BOUND).encode(b"position")
    assert not refused(fresh, Cursors([NEW]))
    assert refused(fresh, Cursors([OLD]))
    assert refused(CURSOR, Cursors([NEW]))


@settings(max_examples=200, deadline=None)
@given(position=st.binary(max_size=300), at=st.integers(0), flip=st.integers(1, 255))
def test_an_altered_cursor_is_refused(position: bytes, at: int, flip: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(BINDING.encode(position) + "=="))
    raw[at % len(raw)] ^= flip
    assert refused(base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode())


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_no_text_is_ever_taken_for_a_cursor(text: str) -> None:
    assert refused(text)


@given(st.lists(st.binary(max_size=30), max_size=20), st.booleans())
def test_cursors_made_together_are_those_made_one_by_one(positions: list[bytes], alike: bool) -> None:
    if alike:
        positions = [position.ljust(30, b".") for position in positions]
    assert BINDING.encode_all(positions) == [BINDING.encode(position) for position in positions]
