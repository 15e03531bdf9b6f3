"""Write the files of the ready-made dashboard anew, after a change of what it shows or of the flat views.

Reads the views of a warehouse that this release built, and writes scripts/superset/factory_metrics/.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from factory_metrics import superset
from factory_metrics.flat_views import flat_views
from factory_metrics.settings import UserError, default_warehouse
from factory_metrics.warehouse import open_warehouse


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, or 2 when something went wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--warehouse",
        type=Path,
        default=default_warehouse(),
        metavar="FILE",
        help="default: FACTORY_WAREHOUSE, else warehouse/factory.duckdb",
    )
    arguments = parser.parse_args(argv)
    try:
        with open_warehouse(arguments.warehouse) as warehouse:
            files = superset.export(flat_views(warehouse))
    except UserError as error:
        print(f"write_dashboard: {error}", file=sys.stderr)
        return 2
    shutil.rmtree(superset.FOLDER, ignore_errors=True)
    for name, document in files.items():
        path = superset.FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(superset.as_yaml(document), encoding="utf-8")
    print(f"{len(files)} files in {superset.FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
