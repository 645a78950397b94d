"""Whatever a vendor sends is either the documented shape or Malformed with its place, and never echoed."""

from __future__ import annotations

import msgspec
import pytest

from gateway.domain.errors import Malformed
from gateway.domain.vendor import VendorKey
from gateway.upstream.decode import decode
from tests.upstream.doubles import reply


class Row(msgspec.Struct, rename={"entries": "in_metric"}):
    minute: str
    entries: int
    share: float = 0.0


class Page(msgspec.Struct):
    count: int
    results: list[Row]
    names: dict[str, int] = {}


def test_the_documented_shape_is_read_and_unknown_members_are_ignored() -> None:
    body = b'{"count": 1, "results": [{"minute": "a", "in_metric": 2, "new": {}}], "more": null}'
    assert decode(VendorKey.BESPOT, reply(200, body), Page) == Page(1, [Row("a", 2)])


@pytest.mark.parametrize(
    ("body", "member"),
    [
        (b'{"count": "s3cret", "results": []}', "$.count"),
        (b'{"count": 1, "results": {"s3cret": 1}}', "$.results"),
        (
            b'{"count": 1, "results": [{"minute": "a", "in_metric": 1}, {"minute": 7, "in_metric": 1}]}',
            "$.results[1].minute",
        ),
        (b'{"count": 1, "results": [{"minute": "a"}]}', "$.results[0].in_metric"),
        (b'{"count": 1, "results": [{"minute": "a", "in_metric": 1.5}]}', "$.results[0].in_metric"),
        (b'{"count": 1, "results": [{"minute": "a", "in_metric": "1"}]}', "$.results[0].in_metric"),
        (b'{"count": 1, "results": [null]}', "$.results[0]"),
        (b'{"count": 1, "results": [], "names": {"s3cret": "x"}}', "$.names[...]"),
        (b'{"detail": "s3cret", "code": "x"}', "$.count"),
        (b"[]", "$"),
        (b"null", "$"),
        (b'"s3cret"', "$"),
    ],
)
def test_another_shape_is_malformed_with_the_member(body: bytes, member: str) -> None:
    with pytest.raises(Malformed) as caught:
        decode(VendorKey.BESPOT, reply(200, body), Page)
    assert caught.value.member == member
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"<html></html>",
        b'{"count": 1, "results": [',
        b'{"count": 1, "results": [],}',
        b'{"count": NaN, "results": []}',
        b'{"count": 1, "results": [{"minute": "a", "in_metric": 1, "share": 1e999}]}',
        b'{"count": 1, "results": []} trailing',
        b'{"count": 1, "results": [{"minute": "\xff", "in_metric": 1}]}',
        b'{"x": ' + b"[" * 100_000,
        b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        decode(VendorKey.BESPOT, reply(200, body), Page)
    assert (caught.value.vendor, caught.value.status) == (VendorKey.BESPOT, 200)


def test_a_bare_list_is_a_shape_too() -> None:
    assert decode(VendorKey.BESPOT, reply(200, b"[1, 2]"), list[int]) == [1, 2]
