"""Bring the published metrics up to date: the one command for a scheduler.

Looks for new rows in the logs, builds and tests in private, publishes what passed, writes the documents, and
copies the flat views to PostgreSQL if asked to.
Exit codes: 0 new data is published, or what was missing of it is made; 1 bad data (a test failed, or a log
cannot be read); 2 broken set-up; 3 nothing new; 4 another run is at work; 130 interrupted by Ctrl-C, 143 by
SIGTERM. After 1, 2, 130 and 143 the version that was published before stays, unless the message says that
another one is published: then its documents or its copy in PostgreSQL are missing.
"""

import _start  # noqa: F401

# isort: split
import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from factory_metrics.postgres import DEFAULT_SCHEMA
from factory_metrics.project import UserError
from factory_metrics.runs.command_lines import home_parser
from factory_metrics.runs.interrupts import run_command
from factory_metrics.runs.one_run import Outcome, Request, look_for_files, read_project, refresh
from factory_metrics.runs.postgres_copy import Target
from factory_metrics.runs.publishing import Home
from factory_metrics.runs.resident import keep_running

# With --watch: new days, and what failed, are looked after without a new file, too.
_EVERY = 300

TOO_MANY_REJECTED = (
    ". More rows were rejected than max_rejected_share allows, see rejected_records in {}. Put a corrected "
    "file in the place of a bad one, an empty one if nothing of it is to stay (of a file that is gone the "
    "rows stay); or let them pass, once, with a larger max_rejected_share in --vars"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.full_refresh and (arguments.every or arguments.watch):
        parser.error("--full-refresh is for one run: leave --every and --watch out")
    home = Home(arguments.home)
    report = _report_json if arguments.log_format == "json" else _report_text
    if arguments.log_format == "text" and not arguments.verbose:
        report = _report_steps
    request = Request(
        home=home,
        variables=arguments.vars,
        as_of=arguments.as_of,
        keep_versions=arguments.keep_versions,
        documents=None if arguments.no_documents else (arguments.documents or home.documents).absolute(),
        postgres=Target(arguments.postgres_url, arguments.postgres_schema)
        if arguments.postgres_url is not None
        else None,
        full_refresh=arguments.full_refresh,
        allow_empty=arguments.allow_empty,
        report=report,
    )
    if arguments.every is None and not arguments.watch:
        return _run(request)
    try:
        look = partial(look_for_files, request) if arguments.watch else None
        if look:
            look()
    except UserError as error:
        print(f"refresh: {error}", file=sys.stderr)
        return 2
    with_project = replace(request, project=read_project(request))
    tell = partial(_tell, report)
    return keep_running(partial(_run, with_project), arguments.every or _EVERY, look, tell)


def _tell(report: Callable[[str, dict[str, object]], None], text: str) -> None:
    report(f"refresh: {text}", {"event": "resident"})


def _run(request: Request) -> int:
    """Run once, and say how it ended; return the exit code."""
    home, report = request.home, request.report
    result = refresh(request)
    outcome, run = result.outcome, result.run
    stays = f"nothing new: version {run.published_version} as of {run.as_of} stays"
    nothing = "" if result.has_published else ", nothing is published"
    summary = {
        Outcome.PUBLISHED: f"published version {run.published_version} as of {run.as_of}: "
        f"{run.rows_in:,} new rows, {run.rows_rejected:,} of them rejected, in {run.seconds:.1f} s",
        Outcome.CAUGHT_UP: f"{stays}, and what was missing is made from it",
        Outcome.NOTHING_NEW: stays,
        Outcome.BAD_DATA: f"bad data, nothing is published: {run.message}"
        + (TOO_MANY_REJECTED.format(home.warehouse) if "rejected_share_is_small" in run.message else ""),
        Outcome.BROKEN_SETUP: f"broken set-up{nothing}: {run.message}",
        Outcome.BUSY: run.message,
        Outcome.INTERRUPTED: f"{run.message}{nothing}; the next run goes on from what is there",
    }[outcome]
    report(summary, {"event": "end", "outcome": outcome.value, "published_version": run.published_version})
    return result.exit_code


def _parser() -> argparse.ArgumentParser:
    """Return the command line's description."""
    parser = home_parser(__doc__)
    parser.add_argument(
        "--vars", default="{}", metavar="YAML", help="dbt's variables, such as {raw_path: /data/logs}"
    )
    parser.add_argument("--as-of", metavar="INSTANT", help="compute for this instant instead of now")
    parser.add_argument(
        "--keep-versions",
        type=whole_number,
        default=3,
        metavar="N",
        help="versions to keep beside the published one (default: 3)",
    )
    documents = parser.add_mutually_exclusive_group()
    documents.add_argument("--documents", type=Path, metavar="DIR", help="default: <home>/documents")
    documents.add_argument("--no-documents", action="store_true", help="publish the warehouse only")
    parser.add_argument(
        "--postgres-url",
        metavar="URL",
        help="copy the flat views to this database, too: postgresql://user@host/database, without password",
    )
    parser.add_argument(
        "--postgres-schema", default=DEFAULT_SCHEMA, metavar="NAME", help=f"default: {DEFAULT_SCHEMA}"
    )
    parser.add_argument(
        "--full-refresh", action="store_true", help="forget all that was read, and read all logs again"
    )
    parser.add_argument(
        "--allow-empty", action="store_true", help="publish an as-of before all rows, which has no documents"
    )
    resident = parser.add_argument_group("stay, and run again and again")
    resident.add_argument(
        "--every", type=seconds, metavar="TIME", help="this often: 30s, 5m, 1h (default with --watch: 5m)"
    )
    resident.add_argument(
        "--watch", action="store_true", help="as soon as a file of the logs is new or has changed, too"
    )
    parser.add_argument("--verbose", action="store_true", help="name each model and test that is done, too")
    parser.add_argument("--log-format", choices=["text", "json"], default="text", help="default: text")
    return parser


def whole_number(text: str) -> int:
    """Read a number of 0 or more."""
    if not text.isdecimal():
        message = f"{text} is no whole number of 0 or more"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def seconds(text: str) -> int:
    """Read a time such as 5m."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})([smh])", text)
    if not match:
        message = f"{text} is no time such as 30s, 5m or 1h"
        raise argparse.ArgumentTypeError(message)
    return int(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]


def _report_text(text: str, _fields: dict[str, object]) -> None:
    print(text, file=sys.stderr, flush=True)


def _report_steps(text: str, fields: dict[str, object]) -> None:
    """Leave out the models and tests, one line each."""
    if fields["event"] != "node":
        _report_text(text, fields)


def _report_json(text: str, fields: dict[str, object]) -> None:
    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    print(json.dumps({"time": time, "message": text, **fields}), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(run_command("refresh", main))
