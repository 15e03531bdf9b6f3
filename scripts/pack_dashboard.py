"""Pack the ready-made dashboard into a ZIP file that Apache Superset imports, for a database of yours.

    --uri 'duckdb:////srv/factory/factory.duckdb?access_mode=read_only&enable_external_access=false'
    --uri 'postgresql://reader@db.example.com/bi'

The address has no password; who needs one enters it in Superset when importing.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from factory_metrics import superset
from factory_metrics.settings import UserError


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
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the ZIP file to write")
    arguments = parser.parse_args(argv)
    try:
        arguments.out.write_bytes(superset.pack(superset.FOLDER, arguments.uri, arguments.schema))
    except (UserError, OSError) as error:
        print(f"pack_dashboard: {error}", file=sys.stderr)
        return 2
    print(arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
