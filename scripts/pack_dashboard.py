"""Pack the ready-made dashboard into a ZIP file that Apache Superset imports, for a database of yours.

    --uri 'duckdb:////srv/factory/factory.duckdb?access_mode=read_only&enable_external_access=false'
    --uri 'postgresql://reader@db.example.com/bi' --warehouse /srv/factory/factory.duckdb

The address has no password; who needs one enters it in Superset when importing. The views' columns and
descriptions are read from the warehouse that the address names, or that `--warehouse` does.
"""

import _start  # noqa: F401

# isort: split
import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from factory_metrics.bi import superset_bundle
from factory_metrics.bi.flat_views import flat_views
from factory_metrics.documents.warehouse import open_warehouse
from factory_metrics.failures import explain
from factory_metrics.project import UserError, default_warehouse
from factory_metrics.runs.interrupts import run_command


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, or 2 when something went wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--uri", required=True, help="address of the flat views, as Superset writes it")
    parser.add_argument(
        "--schema",
        metavar="NAME",
        help="schema of the flat views (default: main, or factory_metrics in PostgreSQL)",
    )
    parser.add_argument(
        "--warehouse",
        type=Path,
        metavar="FILE",
        help="warehouse with these views (default: the address's file; with PostgreSQL FACTORY_WAREHOUSE, "
        "else warehouse/factory.duckdb)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the ZIP file to write")
    arguments = parser.parse_args(argv)
    try:
        superset_bundle.check_address(arguments.uri)
        file = arguments.warehouse or superset_bundle.file_of(arguments.uri) or default_warehouse()
        with open_warehouse(file) as warehouse:
            views = flat_views(warehouse)
        arguments.out.write_bytes(superset_bundle.pack(views, arguments.uri, arguments.schema))
    except (UserError, OSError) as error:
        print(f"pack_dashboard: {explain(error, arguments.out)}", file=sys.stderr)
        return 2
    print(arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(run_command("pack_dashboard", main))
