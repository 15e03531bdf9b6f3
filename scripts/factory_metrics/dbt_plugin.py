"""dbt-duckdb's plugin for this project: what SQL alone cannot do before a run.

Named in `profiles.yml`. It makes the warehouse's folder, attaches the database that the raw logs live in,
and offers the functions of `logs/log_functions.py` to macros. Every command that opens the warehouse begins
here, before anything is written: so this is where its variables are checked.
"""

import os
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.flags import get_flags
from dbt_common.exceptions import DbtRuntimeError

from factory_metrics.logs.landing import WorkingCopies
from factory_metrics.logs.log_functions import (
    LogFunctions,
    logs_place,
    macros_version,
    own_seed_lines,
    rows_of_line_as_text,
)
from factory_metrics.postgres import URL_PREFIXES, load_extension
from factory_metrics.project import UserError, check_path
from factory_metrics.schemas import INTERMEDIATE
from factory_metrics.variables import check_variables

RAW_DATABASE_ALIAS = "raw_logs"


class Plugin(BasePlugin):
    """Sets up the connection of every dbt command."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Take where things are, each of which may be empty.

        `raw_database` is the name of an attached database, a file, or a PostgreSQL URL; `history` the file of
        all delivered rows, if they are kept apart from the warehouse, with `passed.duckdb` beside it; `facts`
        the warehouse that the intermediate models are in, if only marts are built; `scratch` the folder
        of working copies of files.
        """
        _check_variables()
        self._raw_database = str(plugin_config.get("raw_database") or "")
        self._history = str(plugin_config.get("history") or "")
        self._facts = str(plugin_config.get("facts") or "")
        self._functions = LogFunctions(WorkingCopies(plugin_config.get("scratch") or None))

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:  # noqa: ARG002
        """Take the warehouse's path as it is, see profiles.yml; make its folder, which DuckDB does not."""
        creds.path = os.environ.get("FACTORY_WAREHOUSE") or creds.path
        try:
            check_path(Path(creds.path))
        except UserError as error:
            raise DbtRuntimeError(str(error)) from error
        Path(creds.path).parent.mkdir(parents=True, exist_ok=True)

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Attach the raw database and register the functions."""
        if is_location(self._raw_database):
            attach_raw_database(conn, self._raw_database)
        passed = str(Path(self._history).with_name("passed.duckdb")) if self._history else ""
        writable = (("history", self._history, ""), ("passed", passed, ""))
        for name, file, mode in (*writable, ("facts", self._facts, " (read_only)")):
            if file:
                quoted = file.replace("'", "''")
                conn.execute(f"attach if not exists '{quoted}' as {name}{mode}")
        if self._facts:
            _place_facts(conn)
        text, functions = "VARCHAR", self._functions
        conn.create_function(
            "list_log_files", functions.list_log_files, [text, "BOOLEAN"], text, side_effects=True
        )
        conn.create_function(
            "describe_log_files", functions.describe_log_files, [text, text], text, side_effects=True
        )
        conn.create_function("count_log_rows", functions.count_log_rows, [text], text, side_effects=True)
        conn.create_function("rows_of_line", rows_of_line_as_text, [text], text)
        conn.create_function("own_seed_lines", own_seed_lines, [text, text, text], text, side_effects=True)
        conn.create_function("logs_place", logs_place, [text, text, text], text)
        conn.create_function("macros_version", lambda: macros_version("duckdb", duckdb.__version__), [], text)


def _check_variables() -> None:
    """Check the command's variables.

    Raises:
        DbtRuntimeError: one of them is unknown, or of a wrong kind.

    """
    flags = get_flags()  # type: ignore[no-untyped-call]
    try:
        check_variables(flags.VARS, of_analyses=True)
    except UserError as error:
        raise DbtRuntimeError(str(error)) from error


def _place_facts(connection: duckdb.DuckDBPyConnection) -> None:
    """Show the facts of a warehouse that an earlier release built, which only reads, where they are today."""
    schemas = "select schema_name from duckdb_schemas() where database_name = 'facts'"
    if (INTERMEDIATE,) in connection.execute(schemas).fetchall():
        return
    tables = "select table_name from duckdb_tables() where database_name = 'facts' and schema_name = 'main'"
    names = [name for (name,) in connection.execute(tables).fetchall() if name.startswith("int_")]
    [(file,)] = connection.execute(
        "select path from duckdb_databases() where database_name = 'facts'"
    ).fetchall()
    quoted = file.replace("'", "''")
    connection.execute("detach facts")
    connection.execute(f"attach '{quoted}' as earlier_facts (read_only); attach ':memory:' as facts")
    connection.execute(f"create schema facts.{INTERMEDIATE}")
    for name in names:
        connection.execute(f"create view facts.{INTERMEDIATE}.{name} as from earlier_facts.main.{name}")


def is_location(raw_database: str) -> bool:
    """Tell a file or URL from the name of an attached database; `models/sources.yml` agrees."""
    return any(char in raw_database for char in "/.:")


def attach_raw_database(connection: duckdb.DuckDBPyConnection, location: str) -> None:
    """Attach a DuckDB file or a PostgreSQL database read-only as `raw_logs`.

    Raises:
        DbtRuntimeError: it is missing, or no such database; the message names it.

    """
    options = "read_only"
    if location.startswith(URL_PREFIXES):
        load_extension(connection)
        options = "type postgres, read_only"
    quoted = location.replace("'", "''")
    try:
        connection.execute(f"attach if not exists '{quoted}' as {RAW_DATABASE_ALIAS} ({options})")
    except duckdb.Error as error:
        message = f"raw_database {location} cannot be read ({error}): fix the var, or what it names"
        raise DbtRuntimeError(message) from error
