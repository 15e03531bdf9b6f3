"""Copy the flat views of the published version to PostgreSQL, for BI tools that have no driver for DuckDB.

A schema of its own has a table per view; readers see all of the old version or all of the new one. What is
there already is not copied again. scripts/refresh.py --postgres-url does the same after it has published.
Passwords come from PGPASSWORD or ~/.pgpass.
"""

import _start  # noqa: F401

# isort: split
import sys
from collections.abc import Sequence

import duckdb

from factory_metrics.failures import explain_in_home
from factory_metrics.postgres import DEFAULT_SCHEMA
from factory_metrics.project import UserError
from factory_metrics.runs.command_lines import home_parser, published_version
from factory_metrics.runs.interrupts import run_command
from factory_metrics.runs.postgres_copy import Target, copy_version
from factory_metrics.runs.publishing import Home


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, or 2 when something went wrong."""
    parser = home_parser(__doc__)
    parser.add_argument("--url", required=True, help="postgresql://user@host/database, without password")
    parser.add_argument("--schema", default=DEFAULT_SCHEMA, metavar="NAME", help=f"default: {DEFAULT_SCHEMA}")
    arguments = parser.parse_args(argv)
    home = Home(arguments.home)
    try:
        published_version(home)  # before the lock, which would make its folder
        with home.locked():
            version = published_version(home)
            tables = copy_version(home.version_file(version), Target(arguments.url, arguments.schema))
    except (UserError, OSError, duckdb.Error) as error:
        print(f"publish_to_postgres: {explain_in_home(error, home.folder)}", file=sys.stderr)
        return 2
    done = f"{tables} tables copied" if tables else "it is there already"
    print(f"version {version}: {done}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command("publish_to_postgres", main))
