"""The ZIP file that Superset imports: the dashboard, for the database that a user names."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import yaml

from factory_metrics.bi import superset
from factory_metrics.postgres import DEFAULT_SCHEMA, URL_PREFIXES, has_password
from factory_metrics.project import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from factory_metrics.bi.flat_views import FlatView

# Without them queries could write to the warehouse, and read and write any file of Superset's host.
_SAFE = {"access_mode": "read_only", "enable_external_access": "false"}

_DUCKDB = "duckdb:"
# Superset takes the name of the folder that all files are in from the bundle itself.
_FOLDER = "factory_metrics"


def check_address(uri: str) -> None:
    """Check that Superset may be given an address.

    Raises:
        UserError: it has a password, is of neither DuckDB nor PostgreSQL, or lets queries write.

    """
    if not uri.startswith((_DUCKDB, *URL_PREFIXES, "postgresql+")):
        message = f"{uri} is no address of DuckDB (duckdb:////folder/factory.duckdb) or PostgreSQL (postgresql://...)"
        raise UserError(message)
    if has_password(uri):
        message = (
            "the address has a password, which the file would show: leave it out, and enter it in Superset"
        )
        raise UserError(message)
    options = dict(parse_qsl(urlsplit(uri).query)) if uri.startswith(_DUCKDB) else _SAFE
    if not _SAFE.items() <= options.items():
        wanted = "&".join(f"{name}={value}" for name, value in _SAFE.items())
        message = f"queries could write, or read files of Superset's host: end the address in ?{wanted}"
        raise UserError(message)


def file_of(uri: str) -> Path | None:
    """Return the file that an address of DuckDB names, None for PostgreSQL."""
    return Path(urlsplit(uri).path.removeprefix("/")) if uri.startswith(_DUCKDB) else None


def pack(views: Sequence[FlatView], uri: str, schema: str | None) -> bytes:
    """Return a ZIP file of the dashboard of these views, for a database and the schema of the views in it.

    Without a schema: `main` in DuckDB, and in PostgreSQL where `scripts/refresh.py` copies to.

    Raises:
        UserError: see `check_address` and `superset.export`.

    """
    check_address(uri)
    files = superset.export(views, uri, schema or ("main" if uri.startswith(_DUCKDB) else DEFAULT_SCHEMA))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, document in files.items():
            text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
            bundle.writestr(f"{_FOLDER}/{name}", text)
    return target.getvalue()
