"""Records asked together are read out of a list where that is fewer calls, and are the same ones in any company."""

from __future__ import annotations

import msgspec
import pytest

from gateway.domain.ports.pages import Page
from gateway.loaders.records import by_reference

pytestmark = pytest.mark.anyio

SIZE = 10


class Row(msgspec.Struct, frozen=True):
    id: str
    key: str | None = None


class Vendor:
    """A list, its pages, and every call made. `unlisted` can be asked for by itself alone."""

    def __init__(self, count: int, *, told: bool = True, unlisted: tuple[Row, ...] = ()) -> None:
        self.rows = [Row(f"i{n}", f"k{n}") for n in range(count)]
        self.told = told
        self.unlisted = unlisted
        self.pages = 0
        self.gets: list[str] = []

    async def read(self, start: int, count: int) -> Page[Row]:
        self.pages += 1
        rows = self.rows[start : start + count]
        after = start + len(rows)
        total = len(self.rows) if self.told else None
        return Page(rows, list(range(start, after)), total, after, after >= len(self.rows))

    async def get(self, text: str) -> Row | None:
        self.gets.append(text)
        if text == "broken":
            raise ValueError(text)
        rows = (*self.rows, *self.unlisted)
        return next((row for row in rows if row.id == text), None) or next((r for r in rows if r.key == text), None)

    async def found(self, *asked: str) -> dict[str, Row | Exception | None]:
        return await by_reference(asked, self.read, SIZE, self.get)


async def test_one_is_asked_for_by_itself() -> None:
    vendor = Vendor(100)
    assert await vendor.found("i77") == {"i77": Row("i77", "k77")}
    assert (vendor.pages, vendor.gets) == (0, ["i77"])


async def test_what_the_first_page_holds_costs_one_page() -> None:
    vendor = Vendor(1000)
    assert await vendor.found("i3", "i4", "i5") == {f"i{n}": Row(f"i{n}", f"k{n}") for n in (3, 4, 5)}
    assert (vendor.pages, vendor.gets) == (1, [])


async def test_the_whole_list_is_read_where_it_is_fewer_calls_than_asking_one_by_one() -> None:
    vendor = Vendor(40)
    asked = [f"i{n}" for n in range(12, 40, 3)]
    assert list(await vendor.found(*asked)) == asked
    assert (vendor.pages, vendor.gets) == (4, [])


@pytest.mark.parametrize("told", [True, False])
async def test_a_few_of_a_long_list_are_asked_for_one_by_one(told: bool) -> None:
    vendor = Vendor(1000, told=told)
    found = await vendor.found("i3", "i500", "i900")
    assert [found[name] for name in ("i3", "i500", "i900")] == [Row(f"i{n}", f"k{n}") for n in (3, 500, 900)]
    assert (vendor.pages, vendor.gets) == (1, ["i500", "i900"])


async def test_what_a_list_leaves_out_is_still_found_and_one_failure_is_its_own() -> None:
    vendor = Vendor(20, unlisted=(Row("hidden"),))
    found = await vendor.found("i1", "hidden", "nothing", "broken")
    assert (found["i1"], found["hidden"], found["nothing"]) == (Row("i1", "k1"), Row("hidden"), None)
    assert isinstance(found["broken"], ValueError)


async def test_a_key_is_asked_for_by_itself_for_an_id_of_the_same_text_would_win() -> None:
    vendor = Vendor(1000)
    vendor.rows[0] = Row("i0", "i999")
    assert await vendor.found("i1", "i999", "k5") == {
        "i1": Row("i1", "k1"),
        "i999": Row("i999", "k999"),
        "k5": Row("i5", "k5"),
    }
    assert vendor.pages == 1
