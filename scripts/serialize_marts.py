"""Write the marts as JSON documents: `<out>/<org>/<metric type>/<time range>.json`, and a manifest.

Each file is the response body of the metrics API for that org. See `factory_metrics/documents/output.py`.
"""

import _start  # noqa: F401

# isort: split
import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
from rich.console import Console
from rich.progress import Progress

from factory_metrics.documents.contract import METRIC_TYPES
from factory_metrics.documents.known_documents import default_file
from factory_metrics.documents.output import Selection, write_documents
from factory_metrics.documents.warehouse import check_as_of_has_rows, open_warehouse
from factory_metrics.failures import first_line
from factory_metrics.project import ROOT, UserError, default_warehouse, time_ranges
from factory_metrics.runs.interrupts import run_command

_SECONDS_BETWEEN_LINES = 30


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, or 2 when nothing or not everything could be written."""
    try:
        ranges = time_ranges()
        arguments = _parser(ranges).parse_args(argv)
        selection = Selection(
            orgs=arguments.org and sorted(set(arguments.org)),
            metric_types=arguments.metric_type
            and [name for name in METRIC_TYPES if name in arguments.metric_type],
            time_ranges=arguments.time_range and [name for name in ranges if name in arguments.time_range],
        )
        started = time.monotonic()
        with open_warehouse(arguments.warehouse) as warehouse, _progress() as progress:
            if not arguments.allow_empty:
                check_as_of_has_rows(warehouse)
            known = default_file(arguments.out)
            summary = write_documents(
                warehouse, arguments.out, selection.marts(ranges), selection, progress, known=known
            )
    except (UserError, OSError, duckdb.Error) as error:
        print(f"serialize_marts: {first_line(error)}", file=sys.stderr)
        return 2
    print(
        f"{summary.written:,} documents written, {summary.unchanged:,} unchanged, "
        f"{summary.removed:,} removed in {time.monotonic() - started:.1f} s: {arguments.out.absolute()}"
    )
    return 0


def _parser(ranges: list[str]) -> argparse.ArgumentParser:
    """Return the command line's description."""
    parser = argparse.ArgumentParser(description="Write the marts as JSON documents, and a manifest of them.")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "documents", metavar="DIR", help="default: %(default)s"
    )
    parser.add_argument(
        "--warehouse", type=Path, default=default_warehouse(), metavar="FILE", help="default: %(default)s"
    )
    parser.add_argument(
        "--allow-empty", action="store_true", help="also for an as-of before all rows: remove all documents"
    )
    only = parser.add_argument_group("only these (repeatable; default: all)")
    only.add_argument("--org", action="append", metavar="ID", type=org_id)
    only.add_argument("--metric-type", action="append", choices=METRIC_TYPES)
    only.add_argument("--time-range", action="append", choices=ranges)
    return parser


def org_id(text: str) -> str:
    """Return an argument that is UTF-8, as org ids are; argparse makes its message of the ValueError."""
    text.encode()
    return text


@contextmanager
def _progress() -> Iterator[Callable[[int, int], object]]:
    """Show progress on stderr: a bar in a terminal, else a line now and then, none for short runs."""
    if sys.stderr.isatty():
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("documents", total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
        return
    last = time.monotonic()

    def line(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > _SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            print(f"{done:,} of {total:,} documents", file=sys.stderr)

    yield line


if __name__ == "__main__":
    sys.exit(run_command("serialize_marts", main))
