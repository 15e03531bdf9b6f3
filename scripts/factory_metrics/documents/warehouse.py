"""Open the warehouse for reading, and check that its marts are whole and fit the contract."""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from factory_metrics.documents.marts import ColumnType, Mart, ddl
from factory_metrics.failures import first_line
from factory_metrics.project import UserError
from factory_metrics.schemas import find_in_all_schemas

_BUILD = "build it with `dbt build` (or `make demo`)"
_REBUILD = "build the warehouse again with `dbt build`"
# The name of a warehouse that is attached to another database.
_ATTACHED = "warehouse"
# What a DuckDB file has before its blocks.
_HEADERS_BYTES = 3 * 4096


class BusyError(UserError):
    """The warehouse is being written or replaced; it is worth waiting for."""


def open_warehouse(path: Path) -> duckdb.DuckDBPyConnection:
    """Open the warehouse's file for reading; as long as it is open, dbt cannot write to it.

    Raises:
        UserError: the file is missing, is no DuckDB file, or is locked by a run of dbt (`BusyError`).

    """
    if not path.exists():
        message = f"there is no warehouse at {path}: {_BUILD}, or name another file"
        raise UserError(message)
    with _explained(path):
        warehouse = duckdb.connect(str(path), read_only=True)
    # What was read of the file stays cached up to this limit.
    return warehouse.execute("SET memory_limit = '2GB'")


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Say in our words what DuckDB says of a file that it cannot open."""
    try:
        yield
    except duckdb.Error as error:
        reason = first_line(error)
        if "Conflicting lock" in reason:
            message = f"the warehouse {path} is being written, probably by dbt: try again when it is done"
            raise BusyError(message) from error
        if "not a valid DuckDB" in reason:
            message = f"{path} is not a DuckDB file: name the warehouse's file, or {_BUILD}"
        else:
            message = f"cannot open the warehouse {path}: {reason}"
        raise UserError(message) from error


def open_beside(path: Path, marts: Sequence[Mart]) -> duckdb.DuckDBPyConnection:
    """Open the warehouse's marts though another file of this path, replaced since, may still be open.

    DuckDB returns the database that a process has open under a path. So the file is attached to another one.

    Raises:
        UserError: as `open_warehouse`.

    """
    warehouse = duckdb.connect(":memory:")
    try:
        with _explained(path):
            quoted = str(path).replace("'", "''")
            warehouse.execute(f"ATTACH '{quoted}' AS {_ATTACHED} (TYPE duckdb, READ_ONLY)")
        query = f"SELECT table_name FROM information_schema.tables WHERE table_catalog = '{_ATTACHED}'"  # noqa: S608
        found = {name for (name,) in warehouse.execute(f"{query} AND table_schema = 'main'").fetchall()}
        for mart in _needed(marts):
            if mart.name in found:
                # Cursors do not inherit `USE`.
                warehouse.execute(f'CREATE VIEW main."{mart.name}" AS FROM {_ATTACHED}.main."{mart.name}"')
    except BaseException:
        warehouse.close()
        raise
    return warehouse


def check_whole(warehouse: duckdb.DuckDBPyConnection, path: Path, marts: Sequence[Mart]) -> None:
    """Check that a warehouse that `open_beside` opened has all bytes of its marts, which takes little time.

    Raises:
        UserError: the file was cut off, or its writer was stopped.

    """
    log = path.with_name(f"{path.name}.wal")
    if log.exists() and log.stat().st_size:
        message = f"the warehouse {path} is not finished, as {log.name} is beside it: {_REBUILD}"
        raise UserError(message)
    blocks = " UNION ALL ".join(
        f"SELECT block_id, additional_block_ids FROM pragma_storage_info('{_ATTACHED}.main.{mart.name}')"  # noqa: S608
        for mart in _needed(marts)
    )
    query = f"""
        SELECT coalesce(greatest(max(block_id), max(list_max(additional_block_ids))), -1) + 1
        FROM ({blocks})
    """  # noqa: S608
    (number,) = warehouse.execute(query).fetchall()[0]
    query = f"SELECT block_size FROM pragma_database_size() WHERE database_name = '{_ATTACHED}'"  # noqa: S608
    (block_size,) = warehouse.execute(query).fetchall()[0]
    if path.stat().st_size < _HEADERS_BYTES + number * block_size:
        message = f"the warehouse {path} was cut off: copy it again"
        raise UserError(message)


def check_marts(warehouse: duckdb.DuckDBPyConnection, marts: Sequence[Mart]) -> datetime | None:
    """Check columns, as-of and orgs of the marts; return their as-of (UTC), None when there is no org.

    Raises:
        UserError: a mart does not fit the contract, or the marts do not belong together.

    """
    as_of = check_shape(warehouse, marts)
    needed = _needed(marts)
    for mart in needed:
        _check_orgs(warehouse, mart, needed[0])
    return as_of


def first_row_at(warehouse: duckdb.DuckDBPyConnection) -> datetime | None:
    """Return when the first row of the logs happened (UTC); None when there are none, or only marts."""
    first: datetime | None = _value(warehouse, "select min(first_seen_at) from int_orgs")
    return first


def _value(warehouse: duckdb.DuckDBPyConnection, query: str) -> Any:  # noqa: ANN401 - of any type
    """Return what a query finds; None where a table is missing, as where others have copied marts alone."""
    try:
        row = find_in_all_schemas(warehouse).execute(query).fetchone()
    except duckdb.CatalogException:
        return None
    return row[0] if row else None


def no_rows_yet(as_of: object, first: datetime) -> UserError:
    """Return the error of an as-of before all rows: every org's documents would be removed."""
    return UserError(
        f"there is no row at or before the as-of {as_of}, the first one happened at {first} (UTC): "
        "fix the as-of, or use --allow-empty to have no documents"
    )


def check_as_of_has_rows(warehouse: duckdb.DuckDBPyConnection, as_of: datetime | None = None) -> None:
    """Check that there are rows at or before an as-of, the warehouse's own if none is given, or none at all.

    Raises:
        UserError: all rows happened later, so that every org's documents would be removed.

    """
    first, as_of = first_row_at(warehouse), as_of or _value(warehouse, "select as_of from clock")
    if first and as_of and as_of < first:
        raise no_rows_yet(as_of, first)


def check_shape(warehouse: duckdb.DuckDBPyConnection, marts: Sequence[Mart]) -> datetime | None:
    """Check columns and as-of only, which takes little time however many orgs there are; return the as-of.

    Raises:
        UserError: as `check_marts`.

    """
    needed = _needed(marts)
    query = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'"
    tables = {name for (name,) in warehouse.execute(query).fetchall()}
    if not tables & {mart.name for mart in needed}:
        message = f"the warehouse has no marts: {_BUILD}"
        raise UserError(message)
    for mart in needed:
        if mart.name not in tables:
            message = f"mart {mart.name} is missing: {_REBUILD}"
            raise UserError(message)
        _check_columns(warehouse, mart)
    return _check_as_of(warehouse, needed)


def _needed(marts: Sequence[Mart]) -> list[Mart]:
    """Return the marts and, before them, the summaries, which have every org."""
    summaries = [Mart("aggregate", mart.time_range) for mart in marts]
    return list(dict.fromkeys([*summaries, *marts]))


def _check_columns(warehouse: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Check that the columns that documents need are there, with the contract's types."""
    table = warehouse.sql(f'FROM main."{mart.name}"')
    found = dict(zip(table.columns, table.types, strict=True))
    for name, expected in mart.columns().items():
        fault = _fault(name, expected, found.get(name))
        if fault:
            message = f"mart {mart.name} does not fit the contract: column {fault}"
            raise UserError(message)


def _fault(name: str, expected: ColumnType, found: Any) -> str | None:  # noqa: ANN401 - duckdb has no stubs for it
    """Say what is wrong with a column, or with a field inside it; None when nothing is."""
    if found is None:
        return f"{name} is missing"
    if isinstance(expected, dict) and found.id == "struct":
        fields = dict(found.children)
        faults = [_fault(f"{name}.{field}", of, fields.get(field)) for field, of in expected.items()]
        return next(filter(None, faults), None)
    if isinstance(expected, list) and found.id == "list":
        return _fault(f"{name}[]", expected[0], found.children[0][1])
    return None if ddl(expected) == str(found) else f"{name} is {found}, not {ddl(expected)}"


def _check_as_of(warehouse: duckdb.DuckDBPyConnection, marts: Sequence[Mart]) -> datetime | None:
    """Check that all rows have the same as-of; return it."""
    first: tuple[Mart, datetime] | None = None
    for mart in marts:
        query = f'SELECT DISTINCT as_of FROM main."{mart.name}" ORDER BY as_of LIMIT 2'  # noqa: S608
        for (as_of,) in warehouse.execute(query).fetchall():
            first = first or (mart, as_of)
            if as_of is None or as_of != first[1]:
                message = (
                    f"the marts do not belong together: the as-of is {first[1]} in {first[0].name}, "
                    f"{as_of} in {mart.name}: {_REBUILD}"
                )
                raise UserError(message)
    return first[1] if first else None


def _check_orgs(warehouse: duckdb.DuckDBPyConnection, mart: Mart, reference: Mart) -> None:
    """Check that a mart has the orgs of the reference, each as often as its documents need."""
    wrong_count = "false" if mart.is_list else "rows IS DISTINCT FROM 1"
    query = f"""
        SELECT org_id, known, coalesce(rows, 0)
        FROM (SELECT org_id, true AS known FROM main."{reference.name}" GROUP BY org_id)
        FULL JOIN (SELECT org_id, count(*) AS rows FROM main."{mart.name}" GROUP BY org_id) USING (org_id)
        WHERE known IS NULL OR coalesce(org_id, '') = '' OR {wrong_count}
        ORDER BY org_id NULLS FIRST LIMIT 1
    """  # noqa: S608 - names come from the contract and the project
    for org, known, rows in warehouse.execute(query).fetchall():
        if not org:
            fault = "has a row without org_id"
        elif not known:
            fault = f"has org {org!r}, which mart {reference.name} does not have"
        else:
            fault = f"has {rows} rows for org {org!r} instead of 1"
        message = f"mart {mart.name} {fault}: {_REBUILD}"
        raise UserError(message)
