"""The formats an export comes in, by the ending of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from gateway.bi.tables import Batch, Column
from gateway.bi.texts import CsvWriter, NdjsonWriter


class Writer(Protocol):
    """Rows in, bytes out: `begin`, `rows` any number of times, `end`. Without its end a file must not look whole."""

    @property
    def content_type(self) -> str: ...
    @property
    def compressible(self) -> bool: ...
    def begin(self) -> bytes: ...
    def rows(self, batch: Batch) -> bytes: ...
    def end(self) -> bytes: ...


Make = Callable[[Sequence[Column], Sequence[int]], Writer]


def _arrow(columns: Sequence[Column], places: Sequence[int]) -> Writer:
    from gateway.bi.arrow import ArrowWriter  # half a second to load, and most callers never need it

    return ArrowWriter(columns, places)


def _arrow_file(columns: Sequence[Column], places: Sequence[int]) -> Writer:
    from gateway.bi.arrow import ArrowWriter

    return ArrowWriter(columns, places, file=True)


def _parquet(columns: Sequence[Column], places: Sequence[int]) -> Writer:
    from gateway.bi.arrow import ParquetWriter

    return ParquetWriter(columns, places)


FORMATS: Mapping[str, Make] = {"csv": CsvWriter, "ndjson": NdjsonWriter, "arrow": _arrow, "parquet": _parquet}
ARROW_FILE = "application/vnd.apache.arrow.file"


def writer(name: str, columns: Sequence[Column], places: Sequence[int], accept: str = "") -> Writer:
    """`accept`: who asks for Arrow's file format by its media type gets it; the other one streams better."""
    if name == "arrow" and ARROW_FILE in accept:
        return _arrow_file(columns, places)
    return FORMATS[name](columns, places)
