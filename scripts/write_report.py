"""Write a page of an org's metrics: one HTML file, made of its documents, that needs nothing else."""

import _start  # noqa: F401

# isort: split
import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from factory_metrics.documents.document_files import replacing
from factory_metrics.documents.output import Selection
from factory_metrics.failures import explain, is_full_disk
from factory_metrics.project import ROOT, UserError, time_ranges
from factory_metrics.report.page import render
from factory_metrics.report.source import read_source
from factory_metrics.runs.interrupts import run_command
from serialize_marts import org_id


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, or 2 when nothing was written."""
    parser = argparse.ArgumentParser(description="Write a page of an org's metrics as one HTML file.")
    parser.add_argument("--org", required=True, type=org_id, metavar="ID", help="letter case matters")
    parser.add_argument(
        "--documents", type=Path, default=ROOT / "documents", metavar="DIR", help="default: %(default)s"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("report.html"), metavar="FILE", help="default: %(default)s"
    )
    arguments = parser.parse_args(argv)
    try:
        source = read_source(arguments.documents, arguments.org, Selection().marts(time_ranges()))
        page = render(source)
        with replacing(arguments.out.absolute()) as file:
            file.write(page)
    except UserError as error:
        print(f"write_report: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        advice = "" if is_full_disk(error) else ": name a file that you may write"
        print(f"write_report: {explain(error, arguments.out)}{advice}", file=sys.stderr)
        return 2
    print(f"{len(page):,} bytes: {arguments.out.absolute()}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command("write_report", main))
