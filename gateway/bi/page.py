"""The tables as a page of documentation, made from their declarations: `python -m gateway.bi.page`."""

from __future__ import annotations

from gateway.bi.ask import names_of
from gateway.bi.tables import TABLES, Column, Table

_HEAD = """# The tables

Each is a file at `/export/{table}.{csv|ndjson|arrow|parquet}` and an entity set of `/odata/v4/`. Instants are UTC;
columns keep their order and type within a major version, new ones come last. Made by `python -m gateway.bi.page`.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *map(_section, TABLES)])


def _section(table: Table) -> str:
    rows = "\n".join(map(_row, table.columns))
    names = ", ".join(f"`{name}`" for name in names_of(table))
    return (
        f"## {table.name}\n\n{table.description} Entity set `{table.entity_set}`; from {table.vendors}.\n\n"
        f"Parameters: {names}.\n\n| column | type | meaning |\n|---|---|---|\n{rows}\n"
    )


def _row(column: Column) -> str:
    key = " Key." if column.key else ""
    raw = " Raw: only with `pii=true` and scope `pii:read`." if column.raw else ""
    null = "" if not column.null else " or empty"
    return f"| `{column.name}` | {column.kind.value}{null} | {column.description}{key}{raw} |"


if __name__ == "__main__":
    print(page(), end="")
