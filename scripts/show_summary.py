"""Print the executive summary of each org, and where the warehouse and the documents are."""

import _start  # noqa: F401

# isort: split
import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import duckdb
import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from factory_metrics.documents.contract import AggregateDocument, AggregateMetrics
from factory_metrics.documents.marts import Mart, read_documents
from factory_metrics.documents.output import MANIFEST
from factory_metrics.documents.warehouse import check_marts, open_warehouse
from factory_metrics.failures import first_line
from factory_metrics.project import ROOT, UserError, default_warehouse, time_ranges
from factory_metrics.report.formats import length_text
from factory_metrics.runs.interrupts import run_command

_BARS = "▁▂▃▄▅▆▇█"
_LONGEST_SPARKLINE = 8
_LIMIT = 20


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, or 2 when there is nothing to show."""
    parser = argparse.ArgumentParser(description="Print the executive summary of each org.")
    parser.add_argument("--warehouse", type=Path, default=default_warehouse(), help="default: %(default)s")
    parser.add_argument("--documents", type=Path, default=ROOT / "documents", help="default: %(default)s")
    parser.add_argument("--limit", type=int, default=_LIMIT, metavar="ORGS", help="default: %(default)s")
    arguments = parser.parse_args(argv)
    try:
        print_summary(arguments.warehouse, arguments.limit)
    except (UserError, OSError, duckdb.Error) as error:
        print(f"show_summary: {first_line(error)}", file=sys.stderr)
        return 2
    print(f"Warehouse: {arguments.warehouse.absolute()}")
    missing = (
        "" if (arguments.documents / MANIFEST).exists() else " (none yet: run scripts/serialize_marts.py)"
    )
    print(f"Documents: {arguments.documents.absolute()}{missing}")
    return 0


def print_summary(file: Path, limit: int = _LIMIT) -> None:
    """Print a table: a row per org, up to a limit, and time range.

    Raises:
        UserError: the warehouse cannot be read, or its marts do not fit.

    """
    with open_warehouse(file) as warehouse:
        _print_table(warehouse, time_ranges(), limit)


def _print_table(warehouse: duckdb.DuckDBPyConnection, ranges: Sequence[str], limit: int) -> None:
    marts = [Mart("aggregate", time_range) for time_range in ranges]
    as_of = check_marts(warehouse, marts)
    orgs = f'FROM main."{marts[0].name}"'
    ((count,),) = warehouse.execute(f"SELECT count(*) {orgs}").fetchall()
    shown = warehouse.execute(f"SELECT org_id {orgs} ORDER BY org_id LIMIT ?", [max(limit, 0)]).fetchall()
    table = Table(
        title=f"Executive summary as of {as_of} UTC" if as_of else "No orgs yet",
        box=SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column("Org", overflow="fold", min_width=16)
    for name in ("Range", "Issues", "Cost", "Cycle", "Yield", "Per day"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Daily cost", no_wrap=True)
    for (org,) in shown:
        for mart in marts:
            for _, document in read_documents(warehouse, mart, org, org):
                metrics = msgspec.json.decode(document, type=AggregateDocument).metrics
                name = _printable(org) if mart == marts[0] else ""
                table.add_row(Text(name), mart.time_range, *_cells(metrics))
    Console().print(table)
    print("Cycle: median cycle time. Yield: first-pass share. Per day: issues completed.")
    if count > len(shown):
        print(f"Orgs not shown: {count - len(shown):,} (--limit shows more)")


def _cells(metrics: AggregateMetrics) -> list[str]:
    """Return the cells of a row that are figures."""
    return [
        f"{metrics.total_issues:,}",
        f"${metrics.total_cost:,.2f}",
        length_text(metrics.avg_cycle_time_ms),
        f"{metrics.avg_yield:.1f}%",
        f"{metrics.throughput_per_day:,.2f}",
        sparkline(metrics.cost_trend),
    ]


def sparkline(values: Sequence[float], width: int = _LONGEST_SPARKLINE) -> str:
    """Return the values as bars, the highest one full; when they are many, a bar is the mean of several."""
    per_bar = -(-len(values) // width) or 1
    means = [fmean(values[start : start + per_bar]) for start in range(0, len(values), per_bar)]
    highest = max(means, default=0) or 1
    return "".join(_BARS[round(mean / highest * (len(_BARS) - 1))] for mean in means)


def _printable(text: str) -> str:
    """Return text without characters that would control the terminal."""
    return text if text.isprintable() else ascii(text)[1:-1]


if __name__ == "__main__":
    sys.exit(run_command("show_summary", main))
