"""The schemas of a warehouse: `main` has what people query; `dbt_project.yml` puts all else into others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

INTERMEDIATE = "intermediate"
# Besides `main`, where earlier releases had all of it.
OTHERS = ("seeds", "staging", INTERMEDIATE, "semantic", "internal")


def find_in_all_schemas(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Let a connection find relations by their names alone, in a warehouse of any release."""
    found = connection.execute(
        """
        select '"' || replace(database_name, '"', '""') || '".' || schema_name from duckdb_schemas()
        where database_name = current_database() and schema_name in (select unnest(?))
        order by schema_name != 'main'
        """,
        [["main", *OTHERS]],
    ).fetchall()
    path = ",".join(schema for (schema,) in found).replace("'", "''")
    return connection.execute(f"set search_path = '{path}'")
