"""Rows as Arrow and as Parquet. The only file that imports pyarrow; nothing imports it before somebody asks for these.

Types never depend on the rows: an empty answer has the same schema as a full one.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import accumulate
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gateway.bi.tables import Batch, Column, Kind

ROW_GROUP = 65_536
pa.set_memory_pool(pa.system_memory_pool())  # the others keep tens of megabytes for later

_TYPES = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.FLOAT: pa.float64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.INSTANT: pa.timestamp("us", tz="UTC"),
    Kind.DAY: pa.date32(),
}
_WIDTHS = {Kind.FLOAT: "d", Kind.DAY: "i"}
_EPOCH = date(1970, 1, 1)


class _Sink:
    """A file that is written to and emptied, never read."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing to do: what was written is there."""

    def close(self) -> None:
        """Nothing to do."""

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def schema_of(columns: Sequence[Column]) -> pa.Schema:
    """The types of a table."""
    return pa.schema([pa.field(column.name, _TYPES[column.kind], nullable=column.null) for column in columns])


def record_batch(batch: Batch, columns: Sequence[Column], schema: pa.Schema, places: Sequence[int]) -> pa.RecordBatch:
    """Some rows as Arrow has them."""
    arrays = [_array(column.kind, batch.columns[place]) for column, place in zip(columns, places, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(kind: Kind, values: Sequence[Any]) -> pa.Array:
    """From buffers: `pyarrow.array` would load pandas where it is installed, which costs more than a whole export."""
    count, valid = len(values), None
    if None in values:
        valid = _bits(value is not None for value in values)
    if kind is Kind.TEXT:
        texts = [b"" if value is None else value.encode(errors="replace") for value in values]
        offsets = array("i", accumulate(map(len, texts), initial=0))
        return pa.Array.from_buffers(_TYPES[kind], count, [valid, pa.py_buffer(offsets), pa.py_buffer(b"".join(texts))])
    if kind is Kind.BOOLEAN:
        return pa.Array.from_buffers(_TYPES[kind], count, [valid, _bits(map(bool, values))])
    if kind is Kind.DAY:
        values = [None if value is None else (value - _EPOCH).days for value in values]
    if valid is not None:
        values = [0 if value is None else value for value in values]
    return pa.Array.from_buffers(_TYPES[kind], count, [valid, pa.py_buffer(array(_WIDTHS.get(kind, "q"), values))])


def _bits(flags: Iterable[bool]) -> pa.Buffer:
    """One bit each, the first one lowest."""
    text = "".join(["1" if flag else "0" for flag in flags])
    return pa.py_buffer(int(text[::-1] or "0", 2).to_bytes(len(text) // 8 + 1, "little"))


class ArrowWriter:
    """The streaming format of Arrow IPC, or with `file` the one with a footer."""

    compressible = False

    def __init__(self, columns: Sequence[Column], places: Sequence[int], *, file: bool = False) -> None:
        self.content_type = f"application/vnd.apache.arrow.{'file' if file else 'stream'}"
        self._places = places
        self._columns = columns
        self._schema = schema_of(columns)
        self._sink = _Sink()
        make = pa.ipc.new_file if file else pa.ipc.new_stream
        self._writer = make(pa.PythonFile(self._sink, mode="w"), self._schema)

    def begin(self) -> bytes:
        return self._sink.taken()

    def rows(self, batch: Batch) -> bytes:
        if batch.count:
            self._writer.write_batch(record_batch(batch, self._columns, self._schema, self._places))
        return self._sink.taken()

    def end(self) -> bytes:
        self._writer.close()
        return self._sink.taken()


class ParquetWriter:
    """Row groups of a bounded size; the footer comes with `end` and not otherwise."""

    compressible = False
    content_type = "application/vnd.apache.parquet"

    def __init__(self, columns: Sequence[Column], places: Sequence[int]) -> None:
        self._places = places
        self._columns = columns
        self._schema = schema_of(columns)
        self._sink = _Sink()
        self._writer: Any = pq.ParquetWriter(pa.PythonFile(self._sink, mode="w"), self._schema, compression="snappy")
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0

    def begin(self) -> bytes:
        return self._sink.taken()

    def rows(self, batch: Batch) -> bytes:
        if batch.count:
            self._waiting.append(record_batch(batch, self._columns, self._schema, self._places))
            self._rows += batch.count
        if self._rows >= ROW_GROUP:
            self._group()
        return self._sink.taken()

    def end(self) -> bytes:
        if self._rows:
            self._group()
        self._writer.close()
        return self._sink.taken()

    def _group(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._waiting, self._schema), row_group_size=ROW_GROUP * 2)
        self._waiting, self._rows = [], 0
