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
        return next((row for row in (*self.rows, *self.unlisted) if text in (row.id, row.key)), None)

    async def found(self, *asked: str) -> dict[str, Row | Exception | None]:
        return await by_reference(asked, self.read, SIZE, self.get)


async def test_one_is_asked_for_by_itself() -> None:
    vendor = Vendor(100)
    assert await vendor.found("i77") == {"i77": Row("i77", "k77")}
    assert (vendor.pages, vendor.gets) == (0, ["i77"])


async def test_what_the_first_page_holds_costs_one_page_by_id_or_key() -> None:
    vendor = Vendor(1000)
    assert await vendor.found("i3", "k4", "i5") == {n: Row(f"i{n[1]}", f"k{n[1]}") for n in ("i3", "k4", "i5")}
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


async def test_an_id_wins_over_a_key_of_the_same_text() -> None:
    vendor = Vendor(0)
    vendor.rows = [Row("a", "b"), Row("b", "a"), Row("c", "d"), Row("e", "d")]
    assert await vendor.found("a", "d") == {"a": Row("a", "b"), "d": Row("c", "d")}
