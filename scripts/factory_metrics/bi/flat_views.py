"""The flat views of a warehouse (`models/bi/`), as the warehouse itself describes them.

Descriptions are in the file, too, so nothing here depends on dbt's manifest, which may be of another release
than a version.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from factory_metrics.project import UserError

if TYPE_CHECKING:
    import duckdb

# How the names of all models in `models/bi/` begin.
PREFIX = "bi_"


class Column(NamedTuple):
    """A column: `type` is DuckDB's name of it, `description` is empty where there is none."""

    name: str
    type: str
    description: str


class FlatView(NamedTuple):
    """A view of plain columns, in their order."""

    name: str
    description: str
    columns: tuple[Column, ...]


def flat_views(warehouse: duckdb.DuckDBPyConnection) -> list[FlatView]:
    """Return the flat views of an open warehouse, by name.

    Raises:
        UserError: it has none.

    """
    rows = warehouse.execute(
        """
        select views.view_name, views.comment, columns.column_name, columns.data_type, columns.comment
        from duckdb_views() as views
        inner join duckdb_columns() as columns
            on views.view_oid = columns.table_oid and views.database_oid = columns.database_oid
        where views.database_name = current_database() and starts_with(views.view_name, ?)
        order by views.view_name, columns.column_index
        """,
        [PREFIX],
    ).fetchall()
    views = [
        FlatView(
            name,
            comment or "",
            tuple(Column(column, kind, description or "") for *_, column, kind, description in group),
        )
        for (name, comment), group in groupby(rows, key=lambda row: row[:2])
    ]
    if not views:
        message = "the warehouse has no flat views: build it again with this release (scripts/refresh.py)"
        raise UserError(message)
    return views
