"""How PostgreSQL is reached from DuckDB: addresses, the extension, and names as its SQL has them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import duckdb_extension_postgres_scanner

from factory_metrics.project import UserError

if TYPE_CHECKING:
    import duckdb

# Where the flat views are in PostgreSQL, unless another schema is named.
DEFAULT_SCHEMA = "factory_metrics"
URL_PREFIXES = ("postgres:", "postgresql:")


def has_password(url: str) -> bool:
    """Tell whether a URL has a password, before the host or among its options.

    Raises:
        UserError: it is no URL, and not shown, as it may have one.

    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        message = (
            f"the URL of the database cannot be read ({error}): write it like postgresql://user@host/database"
        )
        raise UserError(message) from error
    return parts.password is not None or any("password" in name for name in parse_qs(parts.query))


def load_extension(connection: duckdb.DuckDBPyConnection) -> None:
    """Let DuckDB attach PostgreSQL databases, by the extension that is installed with this project."""
    [extension] = Path(duckdb_extension_postgres_scanner.__file__).parent.rglob("*.duckdb_extension")
    connection.execute(f"install {literal(str(extension))}")
    connection.execute("load postgres_scanner")


def identifier(name: str) -> str:
    """Return a name as SQL has it."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def literal(text: str) -> str:
    """Return a text as SQL has it."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
