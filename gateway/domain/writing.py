"""What came of a write: the record as it is now, or what the caller must mend.

Drafts (in the nouns' own files) hold `UNSET` for an absent member, which is left alone, and None for an explicit null,
which clears it. Messages of the gateway never repeat a value the caller sent; those of code REFUSED are the vendor's.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

Record = TypeVar("Record")


class UserErrorCode(StrEnum):
    """Why a write was refused (rules.md 30). REFUSED: by the vendor, in its own words."""

    REQUIRED = "REQUIRED"
    INVALID = "INVALID"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    TOO_MANY = "TOO_MANY"
    CONFLICT = "CONFLICT"
    NOT_FOUND = "NOT_FOUND"
    REFUSED = "REFUSED"


class UserError(msgspec.Struct, frozen=True):
    """One thing to mend. `path` points into the mutation's input, in the graph's names: ("campaigns", "0", "key")."""

    code: UserErrorCode
    message: str
    path: tuple[str, ...] = ()


class Written(msgspec.Struct, Generic[Record], frozen=True):
    """One entry per item sent, in order: the record, or None where it was refused and `errors` say why."""

    records: list[Record | None]
    errors: tuple[UserError, ...] = ()

    @property
    def record(self) -> Record | None:
        """The record of a write of one item."""
        return self.records[0]


class Imported(msgspec.Struct, frozen=True):
    """What came of a CSV import. `result` is the vendor's answer as sent; its shape is not documented."""

    accepted: bool
    result: object = None
    errors: tuple[UserError, ...] = ()
