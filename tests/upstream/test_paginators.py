"""Which page comes next: a link's number is believed only when it is the next one (quirks B1, G2, O2)."""

from __future__ import annotations

import pytest

from gateway.domain.errors import Malformed
from gateway.domain.vendor import VendorKey
from gateway.upstream.paginators import BareLinks, CountedLinks, CountedPages

BESPOT = CountedLinks(VendorKey.BESPOT)
WIFI = BareLinks(VendorKey.GUEST_WIFI)
OKUBE = CountedPages(VendorKey.OKUBE)

NEXT = [
    "http://api.opap.bespot.io/api/bi/dwelltime/?page=3&page_size=10",
    "http://169.254.169.254/latest/?page=3",
    "ftp://[nonsense/?page=3#page=9",
    "?store_code=other&page=3",
    "[[BaseUrl]]/sessions?page=3",
]
GARBAGE = [
    "",
    "http://api.opap.bespot.io/api/bi/dwelltime/",
    "?page=",
    "?page=2",  # this very page: a loop
    "?page=1",
    "?page=4",
    "?page=-3",
    "?page=+3",
    "?page=03",
    "?page=3.0",
    "?page=\u0663",
    "?page=three",
    "?page=3&page=4",
    "?page=" + "9" * 5000,
    "?nextpage=3",
    "page=3",
]


@pytest.mark.parametrize("link", NEXT)
def test_only_the_number_of_a_link_is_read(link: str) -> None:
    assert BESPOT.following(page=2, page_size=10, link=link, count=25, rows=10) == 3
    assert WIFI.following(page=2, current=2, link=link, rows=10) == 3


@pytest.mark.parametrize("link", GARBAGE)
def test_a_link_that_is_not_the_next_page_is_malformed(link: str) -> None:
    with pytest.raises(Malformed) as counted:
        BESPOT.following(page=2, page_size=10, link=link, count=100, rows=10)
    assert counted.value.member == "$.next"
    with pytest.raises(Malformed) as bare:
        WIFI.following(page=2, current=2, link=link, rows=10)
    assert bare.value.member == "$.links.next"


def test_null_ends_the_walk() -> None:
    assert BESPOT.following(page=2, page_size=10, link=None, count=100, rows=10) is None
    assert WIFI.following(page=2, current=2, link=None, rows=10) is None


@pytest.mark.parametrize(
    ("count", "rows", "page_size", "good"),
    [
        (30, 10, 10, True),
        (21, 10, 10, True),
        (20, 10, 10, False),
        (5, 10, 10, False),
        (100, 0, 10, False),
        (3000, 1000, 10_000, True),
    ],
)
def test_a_page_beyond_the_count_is_malformed_also_where_the_vendor_clamps_the_size(
    count: int, rows: int, page_size: int, good: bool
) -> None:
    def following() -> int | None:
        return BESPOT.following(page=2, page_size=page_size, link="?page=3", count=count, rows=rows)

    if good:
        assert following() == 3
    else:
        with pytest.raises(Malformed):
            following()


def test_a_page_that_says_it_is_another_is_malformed() -> None:
    with pytest.raises(Malformed) as wifi:
        WIFI.following(page=2, current=1, link="?page=3", rows=10)
    assert wifi.value.member == "$.meta.current_page"
    with pytest.raises(Malformed) as okube:
        OKUBE.following(page=2, echoed=1, rows=10, has_more=True, page_count=9)
    assert okube.value.member == "$._$paginated.page"


def test_an_empty_page_with_a_next_one_would_never_end() -> None:
    with pytest.raises(Malformed):
        WIFI.following(page=2, current=None, link="?page=3", rows=0)


@pytest.mark.parametrize(
    ("rows", "has_more", "page_count", "following"),
    [
        (100, True, 9, 3),
        (100, True, None, 3),
        (100, None, 9, 3),
        (100, False, 9, None),
        (100, True, 2, None),
        (100, True, 0, None),
        (0, True, 9, None),
    ],
)
def test_okube_ends_at_any_of_its_three_signs(
    rows: int, has_more: bool | None, page_count: int | None, following: int | None
) -> None:
    assert OKUBE.following(page=2, echoed=2, rows=rows, has_more=has_more, page_count=page_count) == following
