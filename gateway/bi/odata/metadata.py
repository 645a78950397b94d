"""The service document and `$metadata`: made from the tables, so that they cannot tell anything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.bi.tables import TABLES, Column, Kind, Table

NAMESPACE = "RetailAnalytics"
EDM = {
    Kind.TEXT: "Edm.String",
    Kind.INTEGER: "Edm.Int64",
    Kind.FLOAT: "Edm.Double",
    Kind.BOOLEAN: "Edm.Boolean",
    Kind.INSTANT: "Edm.DateTimeOffset",
    Kind.DAY: "Edm.Date",
}
_SINGULAR = {
    "sites": "Site",
    "sessions": "Session",
    "visits": "Visit",
    "occupancy": "OccupancyBucket",
    "engagement": "EngagementPoint",
    "campaigns": "Campaign",
    "points_of_interest": "PointOfInterest",
    "studies": "Study",
    "counts": "Count",
    "kpis": "KpiPoint",
}


def service_document(base: str) -> dict[str, Any]:
    """The entity sets. `base` ends with a slash."""
    sets = [{"name": table.entity_set, "kind": "EntitySet", "url": table.entity_set} for table in TABLES]
    return {"@odata.context": f"{base}$metadata", "value": sets}


def metadata(tables: Sequence[Table] = TABLES, *, pii: bool = False) -> str:
    """The schema in CSDL XML. Raw columns are in it for who asks with `pii=true`."""
    types = "\n".join(_entity_type(table, pii=pii) for table in tables)
    sets = "\n".join(
        f'        <EntitySet Name="{table.entity_set}" EntityType="{NAMESPACE}.{_SINGULAR[table.name]}"/>'
        for table in tables
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
  <edmx:DataServices>
    <Schema Namespace="{NAMESPACE}" xmlns="http://docs.oasis-open.org/odata/ns/edm">
{types}
      <EntityContainer Name="Container">
{sets}
      </EntityContainer>
    </Schema>
  </edmx:DataServices>
</edmx:Edmx>
"""


def _entity_type(table: Table, *, pii: bool) -> str:
    keys = "".join(f'<PropertyRef Name="{name}"/>' for name in table.keys)
    columns = "\n".join(_property(column) for column in table.shown(pii=pii))
    return (
        f'      <EntityType Name="{_SINGULAR[table.name]}">\n        <Key>{keys}</Key>\n{columns}\n      </EntityType>'
    )


def _property(column: Column) -> str:
    precision = ' Precision="6"' if column.kind is Kind.INSTANT else ""
    null = "" if column.null else ' Nullable="false"'
    return f'        <Property Name="{column.name}" Type="{EDM[column.kind]}"{null}{precision}/>'
