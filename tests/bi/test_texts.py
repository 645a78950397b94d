"""CSV on its way into a spreadsheet: nothing in it is run as a formula."""

from __future__ import annotations

import pytest

from gateway.bi.tables import BY_NAME, Batch
from gateway.bi.texts import CsvWriter, cell


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("-x", "'-x"),
        ("@a", "'@a"),
        ("\tx", "'\tx"),
        ("\rx", '"\'\rx"'),
        ("a,b", '"a,b"'),
        ('say "x"', '"say ""x"""'),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_a_formula_is_made_harmless(text: str, written: str) -> None:
    assert cell(text) == written


def test_names_and_tags_of_sites_are_made_harmless_as_well() -> None:
    table = BY_NAME["sites"]
    row = ("-s1", "=cmd|x", "PHYSICAL", True, None, "+a;b", -1.5, 2.0, "@1", None, "", "")
    written = CsvWriter(table.columns, range(12)).rows(Batch([[value] for value in row], 1)).decode()
    assert written == "'-s1,'=cmd|x,PHYSICAL,true,,'+a;b,-1.5,2.0,'@1,,,\r\n"
