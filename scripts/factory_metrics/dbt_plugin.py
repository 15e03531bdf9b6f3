"""dbt-duckdb's plugin for this project: what SQL alone cannot do before a run.

Named in `profiles.yml`. It makes the warehouse's folder, attaches the database that the raw logs live in,
and offers the function `log_parts(folder)` to the macro that reads logs from files.
"""

from pathlib import Path
from typing import Any

import duckdb
import duckdb_extension_postgres_scanner
import msgspec
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError

from factory_metrics.landing import LandingError, LogFiles

RAW_DATABASE_ALIAS = "raw_logs"
POSTGRES_PREFIXES = ("postgres:", "postgresql:")


class Plugin(BasePlugin):
    """Sets up the connection of every dbt command."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Take `raw_database`: the name of an attached database, a file, a PostgreSQL URL, or empty."""
        self._raw_database = str(plugin_config.get("raw_database") or "")
        self._log_files = LogFiles()

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:  # noqa: ARG002
        """Make the folder of the warehouse, which DuckDB does not."""
        Path(creds.path).parent.mkdir(parents=True, exist_ok=True)

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Attach the raw database and register `log_parts`."""
        if is_location(self._raw_database):
            attach_raw_database(conn, self._raw_database)
        conn.create_function("log_parts", self._log_parts, ["VARCHAR"], "VARCHAR", side_effects=True)

    def _log_parts(self, folder: str) -> str:
        """Return a JSON object with the `parts` of the log in `folder`, or an `error` in words."""
        try:
            return msgspec.json.encode({"parts": self._log_files.parts(folder)}).decode()
        except (LandingError, OSError) as error:
            return msgspec.json.encode({"error": str(error)}).decode()


def is_location(raw_database: str) -> bool:
    """Tell a file or URL from the name of an attached database; `models/sources.yml` agrees."""
    return any(char in raw_database for char in "/.:")


def attach_raw_database(connection: duckdb.DuckDBPyConnection, location: str) -> None:
    """Attach a DuckDB file or a PostgreSQL database read-only as `raw_logs`.

    Raises:
        DbtRuntimeError: it is missing, or no such database; the message names it.

    """
    options = "read_only"
    if location.startswith(POSTGRES_PREFIXES):
        [extension] = Path(duckdb_extension_postgres_scanner.__file__).parent.rglob("*.duckdb_extension")
        connection.execute(f"install '{extension}'")
        connection.execute("load postgres_scanner")
        options = "type postgres, read_only"
    quoted = location.replace("'", "''")
    try:
        connection.execute(f"attach if not exists '{quoted}' as {RAW_DATABASE_ALIAS} ({options})")
    except duckdb.Error as error:
        message = f"raw_database {location} cannot be read ({error}): mend the var, or what it names"
        raise DbtRuntimeError(message) from error
