"""Cells that a spreadsheet would run become text; everything else comes out as it went in."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.http.spreadsheet import DELIMITERS, FORMULA, Neutralised


def neutralised(*pieces: str) -> str:
    cells = Neutralised()
    return "".join(map(cells.feed, pieces)) + cells.close()


@pytest.mark.parametrize(
    ("cell", "harmless"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd", "'+cmd"),
        ("-cmd", "'-cmd"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ('"=HYPERLINK(""x"",""y"")"', '"\'=HYPERLINK(""x"",""y"")"'),
        ('"\t=1"', '"\'\t=1"'),
        ('"\r=1"', '"\'\r=1"'),
        ('"\n=1"', '"\'\n=1"'),
        ("＝1", "'＝1"),
        ('"-2+3,cmd|x"', '"\'-2+3,cmd|x"'),
        ("-", "'-"),
        ("-" + "1" * 100 + "+x", "'-" + "1" * 100 + "+x"),
        ("-3.5", "-3.5"),
        ("+33123456789", "+33123456789"),
        ('"-3,5"', '"-3,5"'),
        ("-1.5e-7", "-1.5e-7"),
        ('"""=1"', '"""=1"'),
        ("a=b", "a=b"),
        ('""', '""'),
        ('"a\n=b"', '"a\n=b"'),
        ('5" =pipe', '5" =pipe'),
        ("", ""),
    ],
)
def test_a_cell_is_made_harmless_wherever_it_stands(cell: str, harmless: str) -> None:
    for before, after in (("", ""), ("x,", ""), ("", ",x"), ("x\n", "\n"), ("x\r\n", "\r\ny,z"), (",", ",")):
        header = "a,b,c\r\n"
        assert neutralised(header + before + cell + after) == header + before + harmless + after


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_the_delimiter_is_the_headers(delimiter: str) -> None:
    text = delimiter.join(("a", "b", "c")) + "\n" + delimiter.join(("1", "=x", "q,=w;=e|=r"))
    found = list(csv.reader(io.StringIO(neutralised(text), newline=""), delimiter=delimiter))
    assert found[1][:2] == ["1", "'=x"]
    others = "".join(other for other in ",;|" if other != delimiter)
    assert all(f"{other}=" in delimiter.join(found[1]) for other in others)


def test_a_header_of_one_column_and_a_header_that_is_a_formula() -> None:
    assert neutralised("=a\n-b\n-1\n") == "'=a\n'-b\n-1\n"
    assert neutralised("=a") == "'=a"
    assert neutralised("") == ""


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.lists(st.text("=+-@\t\r\n\"',;1.5a é＝", max_size=6), min_size=3, max_size=3), max_size=6),
    cuts=st.lists(st.integers(1, 7), min_size=1, max_size=8),
)
def test_where_the_pieces_are_cut_makes_no_difference_and_no_formula_is_left(
    rows: list[list[str]], cuts: list[int]
) -> None:
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerows([["a", "b", "c"], *rows])
    text = sheet.getvalue()
    pieces: list[str] = []
    at = 0
    while at < len(text):
        size = cuts[len(pieces) % len(cuts)]
        pieces.append(text[at : at + size])
        at += size
    whole = neutralised(text)
    assert neutralised(*pieces) == whole
    served = list(csv.reader(io.StringIO(whole, newline="")))
    assert len(served) == len(rows) + 1
    for row, out in zip(rows, served[1:], strict=True):
        for cell, shown in zip(row, out, strict=True):
            assert shown in (cell, "'" + cell)
            dangerous = shown[:1] in FORMULA or (
                shown[:1] in ("+", "-") and not shown[1:2].isdigit() and shown[1:2] != "."
            )
            assert not dangerous
