"""Rows as Arrow and as Parquet. The only file that imports pyarrow; nothing imports it before somebody asks for these.

Types never depend on the rows: an empty answer has the same schema as a full one.
"""

from __future__ import annotations

from collections.abc import Sequence
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


def record_batch(batch: Batch, schema: pa.Schema, places: Sequence[int]) -> pa.RecordBatch:
    """Some rows as Arrow has them."""
    arrays = [
        pa.array(_sound(batch.columns[place], field.type), type=field.type)
        for place, field in zip(places, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _sound(values: Sequence[Any], kind: Any) -> Sequence[Any]:
    """Texts without halves of surrogate pairs, which UTF-8 cannot hold."""
    if kind != _TYPES[Kind.TEXT] or all(value is None or value.isascii() for value in values):
        return values
    return [None if value is None else value.encode(errors="replace").decode() for value in values]


class ArrowWriter:
    """The streaming format of Arrow IPC, or with `file` the one with a footer."""

    compressible = False

    def __init__(self, columns: Sequence[Column], places: Sequence[int], *, file: bool = False) -> None:
        self.content_type = f"application/vnd.apache.arrow.{'file' if file else 'stream'}"
        self._places = places
        self._schema = schema_of(columns)
        self._sink = _Sink()
        make = pa.ipc.new_file if file else pa.ipc.new_stream
        self._writer = make(pa.PythonFile(self._sink, mode="w"), self._schema)

    def begin(self) -> bytes:
        return self._sink.taken()

    def rows(self, batch: Batch) -> bytes:
        if batch.count:
            self._writer.write_batch(record_batch(batch, self._schema, self._places))
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
        self._schema = schema_of(columns)
        self._sink = _Sink()
        self._writer: Any = pq.ParquetWriter(pa.PythonFile(self._sink, mode="w"), self._schema, compression="snappy")
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0

    def begin(self) -> bytes:
        return self._sink.taken()

    def rows(self, batch: Batch) -> bytes:
        if batch.count:
            self._waiting.append(record_batch(batch, self._schema, self._places))
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
