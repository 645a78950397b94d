"""Which page comes next, for the three ways our vendors page. Pure and stateless: one instance serves every walk.

A vendor's link is never requested. Only the page number in it is believed, and only when it is the next one; its
host, scheme and other filters are never looked at (quirks B1, G2). What would loop or skip is Malformed.
"""

from __future__ import annotations

import re

import msgspec

from gateway.domain.errors import Malformed
from gateway.domain.vendor import VendorKey

_PAGE = re.compile(r"(?:^|&)page=([^&]*)")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


class CountedLinks(msgspec.Struct, frozen=True):
    """`{count, next, results}` (Bespot): null ends the walk; a link must stay within the count."""

    vendor: VendorKey

    def following(self, *, page: int, page_size: int, link: str | None, count: int, rows: int) -> int | None:
        """The page after `page`, which brought `rows` rows. A vendor may clamp the page size asked (quirk B20)."""
        if link is None:
            return None
        held = min(page_size, rows)
        if held == 0 or page * held >= count:
            raise _malformed(self.vendor, "$.next", "names a page beyond the count")
        return _next(self.vendor, "$.next", link, page)


class BareLinks(msgspec.Struct, frozen=True):
    """`{data, links: {next}, meta: {current_page}}` (guest Wi-Fi): no total, links hold a placeholder (quirk G2)."""

    vendor: VendorKey

    def following(self, *, page: int, current: int | None, link: str | None, rows: int) -> int | None:
        """The page after `page`. `current`: the page the vendor says this is, None where it does not say."""
        if current is not None and current != page:
            raise _malformed(self.vendor, "$.meta.current_page", "is not the page that was asked for")
        if link is None:
            return None
        if rows == 0:
            raise _malformed(self.vendor, "$.links.next", "follows an empty page")
        return _next(self.vendor, "$.links.next", link, page)


class CountedPages(msgspec.Struct, frozen=True):
    """`{documents, _$paginated}` (Okube): pages from 1; has_more, page_count and an empty page all end (quirk O2)."""

    vendor: VendorKey

    def following(
        self, *, page: int, echoed: int, rows: int, has_more: bool | None, page_count: int | None
    ) -> int | None:
        """The page after `page`. `echoed`: the page the vendor says this is."""
        if echoed != page:
            raise _malformed(self.vendor, "$._$paginated.page", "is not the page that was asked for")
        ended = rows == 0 or has_more is False or (page_count is not None and page >= page_count)
        return None if ended else page + 1


def _next(vendor: VendorKey, member: str, link: str, page: int) -> int:
    """The number of the next page, from the link's query alone."""
    numbers = _PAGE.findall(link.partition("?")[2].partition("#")[0])
    if len(numbers) != 1 or not _NUMBER.fullmatch(numbers[0]):
        raise _malformed(vendor, member, "holds no page number")
    if int(numbers[0]) != page + 1:
        raise _malformed(vendor, member, "does not name the next page")
    return page + 1


def _malformed(vendor: VendorKey, member: str, what: str) -> Malformed:
    return Malformed(vendor, f"The vendor's answer at `{member}` {what}.", member=member)
