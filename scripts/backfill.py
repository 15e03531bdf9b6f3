r"""Write the documents of past days, from what is published and without touching it.

    .venv/bin/python scripts/backfill.py --home /srv/factory \
        --from 2026-06-01 --to 2026-06-30 --out /srv/backfill

Each day gets a folder, `<out>/2026-06-01`, with the documents as of its end (UTC), computed from the rows
that the published version knows.
"""

import _start  # noqa: F401

# isort: split
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb

from factory_metrics.failures import explain, explain_in_home
from factory_metrics.project import UserError
from factory_metrics.runs.command_lines import home_parser, published_version
from factory_metrics.runs.dbt_runs import BadDataError, DbtError
from factory_metrics.runs.interrupts import run_command
from factory_metrics.runs.past_days import backfill, check_days_have_rows
from factory_metrics.runs.publishing import Home
from factory_metrics.variables import read_variables


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, 1 when a test failed, 2 when it could not be done."""
    parser = home_parser(__doc__)
    parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True, metavar="DAY")
    parser.add_argument(
        "--to", dest="last", type=date.fromisoformat, metavar="DAY", help="default: the same day"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the days' folders go")
    parser.add_argument(
        "--warehouse", type=Path, metavar="FILE", help="default: what is published in the home"
    )
    parser.add_argument(
        "--vars", default="{}", metavar="YAML", help="dbt's variables, such as {list_limit: 20}"
    )
    parser.add_argument("--allow-empty", action="store_true", help="days before all rows have no documents")
    arguments = parser.parse_args(argv)
    home = Home(arguments.home)
    warehouse = arguments.warehouse or home.published
    try:
        read_variables(arguments.vars)
        days = days_between(arguments.first, arguments.last or arguments.first)
        if not arguments.warehouse:
            published_version(home)
        if not arguments.allow_empty:
            check_days_have_rows(warehouse, days)
        backfill(
            warehouse,
            days,
            arguments.out.absolute(),
            arguments.vars,
            lambda day, summary: print(
                f"{day}: {summary.written:,} written, {summary.unchanged:,} unchanged, "
                f"{summary.removed:,} removed"
            ),
        )
    except BadDataError as error:
        print(f"backfill: {error}", file=sys.stderr)
        return 1
    except (UserError, DbtError, OSError, duckdb.Error) as error:
        say = explain if arguments.warehouse else explain_in_home
        print(f"backfill: {say(error, warehouse.absolute().parent)}", file=sys.stderr)
        return 2
    return 0


def days_between(first: date, last: date) -> list[date]:
    """Return the days from the first to the last, both included.

    Raises:
        UserError: the last is before the first.

    """
    if last < first:
        message = f"the last day {last} is before the first {first}"
        raise UserError(message)
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


if __name__ == "__main__":
    sys.exit(run_command("backfill", main))
