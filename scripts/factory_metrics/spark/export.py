"""Copy what people query from Spark's tables into a warehouse of DuckDB, which all other commands read."""

from pathlib import Path

import duckdb
from pyspark.sql import SparkSession

from factory_metrics.project import UserError


def export_tables(session: SparkSession, schema: str, file: Path, scratch: Path) -> int:
    """Write the tables and views of a schema to a new file, as tables; return their number.

    The file appears when it is whole. `scratch` is a folder that all nodes see.

    Raises:
        UserError: the schema has no tables.

    """
    names = sorted(table.name for table in session.catalog.listTables(schema) if not table.isTemporary)
    if not names:
        message = f"the schema {schema} has no tables: build them first, with `build --select +marts`"
        raise UserError(message)
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(file.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    with duckdb.connect(str(unfinished)) as connection:
        connection.execute("set timezone = 'UTC'")
        for name in names:
            folder = scratch / name
            session.table(f"{schema}.{name}").write.parquet(str(folder))
            _load(connection, name, f"read_parquet('{folder}/*.parquet')")
    unfinished.rename(file)
    return len(names)


def _load(connection: duckdb.DuckDBPyConnection, name: str, rows: str) -> None:
    """Make a table of rows, with their own types, but that Spark's timestamps are UTC."""
    columns = ", ".join(
        f'cast("{column}" as {kind.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMP")}) as "{column}"'
        for column, kind, *_ in connection.execute(f"describe select * from {rows}").fetchall()  # noqa: S608
    )
    connection.execute(f'create table "{name}" as select {columns} from {rows}')  # noqa: S608
