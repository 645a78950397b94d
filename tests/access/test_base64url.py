"""Text for URLs and back: one text for one value, alone or with others."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access import base64url


@given(st.binary(max_size=60))
def test_it_comes_back_and_is_what_others_write(raw: bytes) -> None:
    text = base64url.encode(raw)
    assert text == base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    assert base64url.decode(text) == raw


@pytest.mark.parametrize("text", ["A", "AB", "AA==", "AA ", "A\n", "é", "+/+/", "AAAAA"])
def test_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # of several libraries' words
        base64url.decode(text)


@given(
    st.integers(1, 30),
    st.lists(st.tuples(st.integers(1, 20), st.integers(0, 5)), min_size=1, max_size=3),
    st.randoms(),
)
def test_many_are_written_as_each_would_be(count: int, parts: list[tuple[int, int]], chance: object) -> None:
    columns = [(chance.randbytes((meant + beyond) * count), meant + beyond, meant) for meant, beyond in parts]  # type: ignore[attr-defined]
    each = [
        b"".join(raw[place * step : place * step + meant] for raw, step, meant in columns) for place in range(count)
    ]
    assert base64url.encode_all(*columns) == [base64url.encode(value) for value in each]


def test_none_are_none() -> None:
    assert base64url.encode_all((b"", 16, 16)) == []
