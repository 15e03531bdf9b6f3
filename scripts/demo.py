"""Build the demo factory from nothing: warehouse, documents, and its executive summary on screen."""

import _start  # noqa: F401

# isort: split
import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

import duckdb

import serialize_marts
import show_summary
from factory_metrics.documents.warehouse import open_warehouse
from factory_metrics.failures import explain
from factory_metrics.project import ROOT, UserError, default_warehouse
from factory_metrics.runs import run_history
from factory_metrics.runs.dbt_runs import BadDataError, Dbt, DbtError, NodeResult
from factory_metrics.runs.interrupts import run_command
from factory_metrics.runs.one_run import Outcome
from factory_metrics.runs.run_history import Run
from factory_metrics.runs.screen import build_progress
from factory_metrics.schemas import find_in_all_schemas
from factory_metrics.variables import logs_place

_NEXT_STEPS = """Next:
  make report   writes report.html, a page for people
  make serve    starts the API, with a key to try
  docs/your-logs.md says how to load your own logs"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, 1 when a test failed, 2 when something else did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--documents", default=str(ROOT / "documents"), metavar="DIR", help="default: %(default)s"
    )
    parser.add_argument("--verbose", action="store_true", help="show all that dbt says")
    arguments = parser.parse_args(argv)
    log = f"\nThe whole log of dbt: {ROOT / 'logs' / 'dbt.log'}"
    try:
        _build(verbose=arguments.verbose)
        code = serialize_marts.main(["--out", arguments.documents])
        if not code:
            show_summary.print_summary(default_warehouse())
    except BadDataError as error:
        print(f"demo: {error}{log}", file=sys.stderr)
        return 1
    except (DbtError, UserError, OSError, duckdb.Error) as error:
        print(f"demo: {explain(error, default_warehouse().absolute().parent)}{log}", file=sys.stderr)
        return 2
    if not code:
        print(_NEXT_STEPS)
    return code


def _build(*, verbose: bool) -> None:
    """Build and test the warehouse; say how that went."""
    started = time.monotonic()
    run = run_history.begin()
    checks = 0
    with build_progress("building and testing") as show:

        def report(node: NodeResult) -> None:
            nonlocal checks
            checks += node.status in {"pass", "warn"}
            show(node)

        dbt = Dbt(
            environment={"FACTORY_WAREHOUSE": str(default_warehouse().absolute())},
            artifacts=ROOT,
            variables="{}",
            report=report,
            verbose=verbose,
        )
        in_full = ("--full-refresh",) if _is_of_demo() else ()
        results = dbt.run("build", "--selector", "without_unit_tests", *in_full)
    _count_rows(run)
    run.end(Outcome.PUBLISHED.value, started)
    run_history.write_table(default_warehouse(), None, run)
    built = sum(result.kind in {"model", "seed"} for result in results)
    print(f"{built} tables and views built in {run.seconds:.0f} s: {default_warehouse()}")
    rejected = f"{run.rows_rejected} of {run.rows_in:,} rows are rejected on purpose"
    print(f"{checks} checks passed; {rejected} (table rejected_records)")


def _is_of_demo() -> bool:
    """Tell whether the warehouse is a demo, which may be of older seeds: then it is built in full."""
    with suppress(duckdb.Error), duckdb.connect(str(default_warehouse()), read_only=True) as warehouse:
        known = "select generation from model_progress where model in ('logs', 'landed_parts')"
        rows = find_in_all_schemas(warehouse).execute(known).fetchall()
        return bool(rows) and all(generation.startswith(logs_place({})) for (generation,) in rows)
    return False


def _count_rows(run: Run) -> None:
    """Note in a run what the warehouse is for, and how many rows it has."""
    with open_warehouse(default_warehouse()) as warehouse:
        ((as_of, run.rows_in, run.rows_rejected),) = warehouse.execute(
            "select any_value(as_of), sum(row_count), sum(row_count) filter (outcome = 'rejected') "
            "from delivery_counts, clock"
        ).fetchall()
    run.as_of = str(as_of)


if __name__ == "__main__":
    sys.exit(run_command("demo", main))
