"""The guides of docs/bi tell the truth: the tables are the code's, and every address in them is answered."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

import pytest

from gateway.bi.page import page
from tests.bi.conftest import Doors

pytestmark = pytest.mark.anyio

DOCS = Path(__file__).parents[2] / "docs" / "bi"
LINE = re.compile(r"^(/(?:export|odata)/\S.*)$", re.MULTILINE)
ADDRESSES = sorted({line for guide in DOCS.glob("*.md") for line in LINE.findall(guide.read_text())})


def test_the_page_of_tables_is_made_from_the_tables() -> None:
    assert (DOCS / "tables.md").read_text() == page()


def test_there_is_a_guide_for_every_tool() -> None:
    names = {guide.stem for guide in DOCS.glob("*.md")}
    assert names >= {"excel", "power-bi", "tableau", "superset", "metabase", "grafana", "notebooks", "tables"}


@pytest.mark.parametrize("address", ADDRESSES)
async def test_an_address_of_a_guide_brings_rows(doors: Doors, address: str) -> None:
    path, _, query = address.partition("?")
    pairs = urlencode(parse_qsl(query.replace("+", "%2B")))
    answer = await doors.client.get(f"{quote(path)}?{pairs}")
    assert answer.status_code == 200, answer.text
    assert len(answer.content) > 200
