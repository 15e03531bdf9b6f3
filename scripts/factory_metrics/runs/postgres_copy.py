"""Copy the flat views of a published version to PostgreSQL, for tools that have no driver for DuckDB.

A schema of its own has a table per view, and `published_tables`, which tells of each table what it was copied
from. Everything happens in one transaction: readers see all of the old version or all of the new one, and a
copy that was interrupted leaves nothing behind. Tables stay and their rows are replaced, so that rights, and
views that others made on them, stay too.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import duckdb

from factory_metrics.bi.flat_views import Column, FlatView, flat_views
from factory_metrics.documents.warehouse import open_warehouse
from factory_metrics.failures import is_full_disk
from factory_metrics.postgres import (
    DEFAULT_SCHEMA,
    URL_PREFIXES,
    has_password,
    identifier,
    literal,
    load_extension,
)
from factory_metrics.project import UserError
from factory_metrics.runs import run_history

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The name that the PostgreSQL database has in DuckDB.
_ALIAS = "postgres_target"

_STATE = FlatView(
    "published_tables",
    "One row per table of this schema: what it was copied from. Written by scripts/refresh.py.",
    (
        Column("table_name", "VARCHAR", "The table, named after its view."),
        Column("version", "BIGINT", "The published version."),
        Column("as_of", "TIMESTAMP", "The instant for which it was computed, UTC."),
        Column("run_started_at", "TIMESTAMP", "When the run that made the version began, UTC."),
    ),
)

# Types of flat views, and what PostgreSQL calls them.
_TYPES = {
    "VARCHAR": "text",
    "DATE": "date",
    "TIMESTAMP": "timestamp without time zone",
    "BIGINT": "bigint",
    "DOUBLE": "double precision",
    "BOOLEAN": "boolean",
}

# PostgreSQL's text cannot hold the character 0, which an id in a log may have.
_INSTEAD_OF_NUL = "\N{REPLACEMENT CHARACTER}"

_LONGEST_NAME_BYTES = 63  # PostgreSQL's own bound

# How long a change of columns waits for readers, who wait for it in turn.
_LOCK_TIMEOUT = "30s"

# How long to try to reach a server that does not answer, as a run holds its lock meanwhile.
_CONNECT_SECONDS = "30"


# What tells versions apart: number, and start of the run that made it.
Origin = tuple[int | None, datetime]


class Target(NamedTuple):
    """A schema of a PostgreSQL database; the URL has no password, and so can be shown."""

    url: str
    schema: str = DEFAULT_SCHEMA

    def check(self) -> None:
        """Check the URL, without connecting.

        Raises:
            UserError: it is no URL of PostgreSQL, or has a password, which process lists and logs would show.

        """
        if not self.url.startswith(tuple(f"{prefix}//" for prefix in URL_PREFIXES)):
            message = "the URL of PostgreSQL must look like postgresql://user@host/database"
            raise UserError(message)
        if has_password(self.url):
            message = "the URL of PostgreSQL has a password: set PGPASSWORD instead, or write it to ~/.pgpass"
            raise UserError(message)
        if not self.schema:
            message = "the schema of PostgreSQL has no name: leave the option out, or name one"
            raise UserError(message)
        if len(self.schema.encode()) > _LONGEST_NAME_BYTES:
            message = (
                f"the schema {self.schema} has more than {_LONGEST_NAME_BYTES} bytes, which PostgreSQL "
                "cuts off: give it a shorter name"
            )
            raise UserError(message)

    def failure(self, reason: str) -> str:
        """Return what a user is told when the views could not be copied."""
        return f"the flat views cannot be copied to PostgreSQL ({self.url}, schema {self.schema}): {reason}"


def copy_version(version: Path, target: Target) -> int:
    """Copy the flat views of a version's file; return how many there were, 0 if they had been copied before.

    Raises:
        UserError: the server, its rights, or what is in the schema do not allow it; nothing has changed.

    """
    target.check()
    with open_warehouse(version) as connection:
        run = run_history.read_last(connection)
        if run is None:
            message = f"{version} does not say which run made it: publish it with scripts/refresh.py"
            raise UserError(message)
        views = flat_views(connection)
        origin = (run.published_version, datetime.fromisoformat(run.started_at))
        with _transaction(connection, target) as schema:
            known = schema.lock_and_check()
            if known == {view.name: origin for view in views}:
                return 0
            schema.shape([*views, _STATE], {*known} - {view.name for view in views})
            for view in views:
                columns = ", ".join(map(identifier, (column.name for column in view.columns)))
                schema.fill(view, f"select {columns} from main.{identifier(view.name)}")
            schema.fill(
                _STATE,
                "select unnest($names), $version, $as_of, $started_at",
                {
                    "names": [view.name for view in views],
                    "version": run.published_version,
                    "as_of": run.as_of,
                    "started_at": run.started_at,
                },
            )
    return len(views)


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection, target: Target) -> Iterator[_Schema]:
    """Attach the database and begin a transaction, which ends in a commit, or nothing has happened."""
    try:
        load_extension(connection)
        os.environ.setdefault("PGCONNECT_TIMEOUT", _CONNECT_SECONDS)
        connection.execute(f"set pg_null_byte_replacement = '{_INSTEAD_OF_NUL}'")
        connection.execute(f"attach {literal(target.url)} as {_ALIAS} (type postgres, read_write)")
        connection.execute("begin")
        try:
            yield _Schema(connection, target)
            connection.execute("commit")
        except BaseException:
            with suppress(duckdb.Error):  # the connection may be what is broken
                connection.execute("rollback")
            raise
    except duckdb.Error as error:
        if is_full_disk(error) and "ERROR:" not in str(error):
            raise  # DuckDB's own, which writes to a disk what does not fit into memory
        raise UserError(_explain(str(error), target)) from error


def _explain(error: str, target: Target) -> str:
    """Say what went wrong, in PostgreSQL's words, and what to do about it."""
    lines = [line.strip() for line in error.splitlines()]
    reasons = [line.partition("ERROR:")[2].strip() for line in lines if "ERROR:" in line] or lines[:1]
    details = [line for line in lines if line.startswith("DETAIL:")]
    reason = " ".join([*reasons, *details])
    if "Unable to connect" in error:
        advice = "start the server, or fix the URL; passwords come from PGPASSWORD or ~/.pgpass"
    elif "permission denied" in error or "must be owner" in error:
        advice = f"let an administrator run: create schema {identifier(target.schema)} authorization <user>"
    elif "No space left on device" in error:
        advice = "make room on the server; the next run tries again"
    elif "depend on it" in error:
        advice = "drop what depends on it, and make it again after the next run"
    elif "lock timeout" in error:
        advice = "a query reads it all the time; the next run tries again"
    else:
        advice = "the next run tries again"
    return target.failure(f"{reason}: {advice}")


class _Schema:
    """The schema in PostgreSQL, in an open transaction."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, target: Target) -> None:
        self._connection = connection
        self._target = target
        self._name = identifier(target.schema)

    def lock_and_check(self) -> dict[str, Origin]:
        """Let no other run write to the schema; return what its tables were copied from.

        Raises:
            UserError: another run writes to it, or it has what no run made.

        """
        name = literal(self._target.schema)
        self._execute(f"set local lock_timeout = '{_LOCK_TIMEOUT}'")
        lock = f"pg_try_advisory_xact_lock(hashtext('factory_metrics'), hashtext({name}))"
        [(is_ours,)] = self._query(f"select {lock}")
        if not is_ours:
            self._refuse("another run is writing to it: try again when it is done")
        query = f"""
            select relname::text from pg_class
            where
                relnamespace = to_regnamespace({literal(self._name)})
                and relkind in ('r', 'p', 'v', 'm', 'f')
        """
        found = {relation for (relation,) in self._query(query)}
        known: dict[str, Origin] = {}
        if _STATE.name in found:
            query = f"select table_name, version, run_started_at from {self._table(_STATE.name)}"
            known = {table: (version, started_at) for table, version, started_at in self._query(query)}
        foreign = found - {*known, _STATE.name}
        if foreign:
            names = ", ".join(sorted(foreign))
            self._refuse(f"it has {names}, which no run made: name a schema that nothing else uses")
        return known

    def shape(self, views: list[FlatView], gone: set[str]) -> None:
        """Make the tables as the views are, with their descriptions, and drop tables whose views are gone."""
        statements = [f"drop table if exists {self._table(name)}" for name in sorted(gone)]
        if self._query(f"select to_regnamespace({literal(self._name)}) is null as is_new") == [(True,)]:
            statements.append(f"create schema {self._name}")
        for view in views:
            statements += self._changes(view)
        for statement in statements:
            self._execute(statement)
        # DuckDB remembers what tables there were.
        self._connection.execute("call pg_clear_cache()")

    def _changes(self, view: FlatView) -> list[str]:
        """Return what makes a table as its view is."""
        table = self._table(view.name)
        wanted = {column.name: (self._type(view, column), column.description) for column in view.columns}
        query = f"""
            select
                attname::text,
                format_type(atttypid, atttypmod),
                coalesce(col_description(attrelid, attnum), '')
            from pg_attribute
            where attrelid = to_regclass({literal(table)}) and attnum > 0 and not attisdropped
        """
        found = {name: (kind, description) for name, kind, description in self._query(query)}
        kinds = {name: kind for name, (kind, _) in wanted.items()}
        known_kinds = {name: kind for name, (kind, _) in found.items()}
        statements = []
        if not found:
            columns = ", ".join(f"{identifier(name)} {kind}" for name, kind in kinds.items())
            statements.append(f"create table {table} ({columns})")
        elif kinds != known_kinds:
            # A column of another type is another column: the rows are replaced anyhow.
            old = known_kinds.items() - kinds.items()
            new = kinds.items() - known_kinds.items()
            actions = [f"drop column {identifier(name)}" for name, _ in sorted(old)]
            actions += [
                f"add column {identifier(name)} {kinds[name]}" for name in kinds if (name, kinds[name]) in new
            ]
            statements.append(f"alter table {table} {', '.join(actions)}")
        for name, (kind, description) in wanted.items():
            if found.get(name) != (kind, description):
                column = f"{table}.{identifier(name)}"
                statements.append(f"comment on column {column} is {literal(description)}")
        statements.append(f"comment on table {table} is {literal(view.description)}")
        return statements

    def _type(self, view: FlatView, column: Column) -> str:
        if column.type not in _TYPES:
            self._refuse(f"{view.name}.{column.name} is {column.type}, no type of a flat view: fix the model")
        return _TYPES[column.type]

    def fill(self, view: FlatView, query: str, parameters: dict[str, object] | None = None) -> None:
        """Replace the rows of a table by what a query gives."""
        self._execute(f"delete from {self._table(view.name)}")
        columns = ", ".join(identifier(column.name) for column in view.columns)
        self._connection.execute(
            f"insert into {_ALIAS}.{self._table(view.name)} ({columns}) {query}", parameters or {}
        )

    def _table(self, name: str) -> str:
        return f"{self._name}.{identifier(name)}"

    def _execute(self, statement: str) -> None:
        self._connection.execute(f"call postgres_execute('{_ALIAS}', ?)", [statement])

    def _query(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(f"select * from postgres_query('{_ALIAS}', ?)", [query]).fetchall()

    def _refuse(self, reason: str) -> NoReturn:
        raise UserError(self._target.failure(reason))
