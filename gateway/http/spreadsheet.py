"""CSV on its way into somebody's spreadsheet: text that would be run as a formula is made plain text (quirk O5).

Incremental: cells, quotes and line ends may be cut anywhere between two pieces. Nothing but an apostrophe is ever put
in, and nothing is taken out.
"""

from __future__ import annotations

import re
from enum import Enum

FORMULA = frozenset("=@\t\r\n＝＠＋－")  # the wide ones are formulas to some spreadsheets as well
SIGNS = frozenset("+-")
DELIMITERS = ",;\t|"

_NUMBER = re.compile(r"[+-](?:\d[\d\xa0 ]*(?:[.,]\d+)*|\.\d+)(?:[eE][+-]?\d+)?%?")
_LONGEST_NUMBER = 64
_LONGEST_HEADER = 65_536


class _State(Enum):
    START = "before a cell"
    PLAIN = "in a cell without quotes, or behind the quotes of one"
    QUOTED = "in a quoted cell"
    QUOTE = "behind a quote that may be doubled"


class Neutralised:
    """Text in, text out. The delimiter is the one of the header: it is not documented."""

    def __init__(self) -> None:
        self._state = _State.START
        self._held = ""
        self._delimiter: str | None = None
        self._ends = re.compile(r"[\r\n]")

    def feed(self, text: str) -> str:
        """As much as can be told by now."""
        return self._taken(text, final=False)

    def close(self) -> str:
        """What is left."""
        return self._taken("", final=True)

    def _taken(self, text: str, *, final: bool) -> str:
        text = self._held + text
        self._held = ""
        if self._delimiter is None and not self._sniffed(text, final=final):
            self._held = text
            return ""
        out: list[str] = []
        at = 0
        while at < len(text):
            if self._state is _State.START:
                opened = self._opened(text, at, final=final)
                if opened is None:
                    self._held = text[at:]
                    break
                piece, at = opened
                out.append(piece)
            else:
                end = self._end(text, at)
                out.append(text[at:end])
                at = end
        return "".join(out)

    def _sniffed(self, text: str, *, final: bool) -> bool:
        """Whether the delimiter is known: the one that stands most often in the first line."""
        head = re.split(r"[\r\n]", text, maxsplit=1)
        if len(head) == 1 and len(text) < _LONGEST_HEADER and not final:
            return False
        counts = [head[0].count(delimiter) for delimiter in DELIMITERS]
        self._delimiter = DELIMITERS[counts.index(max(counts))]
        self._ends = re.compile(f"[\r\n{re.escape(self._delimiter)}]")
        return True

    def _opened(self, text: str, at: int, *, final: bool) -> tuple[str, int] | None:
        """The beginning of a cell, made harmless, and where to go on; None where more must be seen first."""
        if self._ends.match(text, at):
            return text[at], at + 1
        quoted = text[at] == '"'
        inner = at + quoted
        if inner == len(text):
            return None if not final else self._entered(text, at, inner, quoted=quoted, harmful=False)
        first = text[inner]
        if first not in SIGNS:
            return self._entered(text, at, inner, quoted=quoted, harmful=first in FORMULA)
        found = (re.compile('"') if quoted else self._ends).search(text, inner)
        if found is None and len(text) - inner <= _LONGEST_NUMBER and not final:
            return None
        cell = text[inner : found.start() if found else len(text)]
        return self._entered(text, at, inner, quoted=quoted, harmful=not _NUMBER.fullmatch(cell))

    def _entered(self, text: str, at: int, inner: int, *, quoted: bool, harmful: bool) -> tuple[str, int]:
        self._state = _State.QUOTED if quoted else _State.PLAIN
        return text[at:inner] + ("'" if harmful else ""), inner

    def _end(self, text: str, at: int) -> int:
        """Where the present state ends, and with which it goes on."""
        if self._state is _State.QUOTE:
            doubled = text[at] == '"'
            self._state = _State.QUOTED if doubled else _State.PLAIN
            return at + doubled
        if self._state is _State.QUOTED:
            end = text.find('"', at)
            if end < 0:
                return len(text)
            self._state = _State.QUOTE
            return end + 1
        found = self._ends.search(text, at)
        if found is None:
            return len(text)
        self._state = _State.START
        return found.end()
