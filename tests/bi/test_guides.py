"""The guides of docs/bi tell the truth: the tables are the code's, every address in them is answered with the rows they
show. Python and SQL of them are run with their libraries by scripts/check-bi-clients.
"""

from __future__ import annotations

import csv
import io
from urllib.parse import parse_qsl, quote, urlencode

import httpx
import pytest

from gateway.bi.page import page
from tests.bi.conftest import Doors
from tests.bi.guides import DOCS, blocks, promised, shown

pytestmark = pytest.mark.anyio

GUIDES = ("excel", "power-bi", "tableau", "superset", "metabase", "grafana", "notebooks")
PROMISES = [(guide.stem, *each) for guide in sorted(DOCS.glob("*.md")) for each in promised(guide)]
ADDRESSES = sorted({address for _, address, _ in PROMISES})


async def asked(doors: Doors, address: str) -> httpx.Response:
    path, _, query = address.partition("?")
    return await doors.client.get(f"{quote(path)}?{urlencode(parse_qsl(query.replace('+', '%2B')))}")


def test_the_page_of_tables_is_made_from_the_tables() -> None:
    assert (DOCS / "tables.md").read_text() == page()


@pytest.mark.parametrize("guide", GUIDES)
def test_every_guide_shows_first_rows(guide: str) -> None:
    rows = [text for language, text in blocks(DOCS / f"{guide}.md") if language == "csv"]
    assert rows
    assert all(len(text.splitlines()) >= 4 for text in rows)


@pytest.mark.parametrize("address", ADDRESSES)
async def test_an_address_of_a_guide_brings_rows(doors: Doors, address: str) -> None:
    answer = await asked(doors, address)
    assert answer.status_code == 200, answer.text
    assert len(answer.content) > 200


@pytest.mark.parametrize(("guide", "address", "rows"), [each for each in PROMISES if each[2]])
async def test_the_first_rows_are_those_of_the_guide(
    doors: Doors, guide: str, address: str, rows: list[str] | None
) -> None:
    found = shown(address, (await asked(doors, address)).content)
    assert found[: len(rows or ())] == rows, guide


async def test_the_query_of_the_superset_guide_brings_its_rows(doors: Doors) -> None:
    """As SQLite would answer it from the rows of the feed, which is what the driver does."""
    (expected,) = [text for language, text in blocks(DOCS / "superset.md") if language == "csv"]
    sites = (await asked(doors, "/odata/v4/Sites?$top=500&$skip=0")).json()["value"]
    rows = sorted((site["site_key"], site["name"], site["kind"]) for site in sites)[:3]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([("site_key", "name", "kind"), *rows])
    assert out.getvalue() == expected
