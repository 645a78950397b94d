"""Files on their way through the gateway, whole, and the encodings lists are exported and imported in.

A file's content is never logged, kept or looked into here.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class CsvEncoding(StrEnum):
    """How the text of a CSV file is written."""

    UTF8 = "UTF8"
    ISO_8859_1 = "ISO_8859_1"
    WINDOWS_1252 = "WINDOWS_1252"


class CsvList(StrEnum):
    """The lists a vendor exports as CSV; the value is the name in `/export/okube/<name>.csv`."""

    SITES = "sites"
    POINTS_OF_INTEREST = "pois"
    CAMPAIGNS = "campaigns"
    STUDIES = "studies"


class File(msgspec.Struct, frozen=True):
    """A file a caller sent. `name` and `content_type` are the caller's words: not to be trusted, not to be logged."""

    name: str
    content_type: str
    content: bytes

    def __repr__(self) -> str:
        return f"File({len(self.content)} bytes)"
