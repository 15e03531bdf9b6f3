"""Make raw logs of a made-up factory: the small demo, a log as the platform has it, or logs of any size.

    .venv/bin/python scripts/dev/generate_logs.py demo --out seeds/raw
    .venv/bin/python scripts/dev/generate_logs.py platform --out /tmp/platform
    .venv/bin/python scripts/dev/generate_logs.py logs --out /tmp/logs --events 10000000
    .venv/bin/python scripts/dev/generate_logs.py logs --out /tmp/logs --events 100000 --orgs 200 \
        --start 2026-06-30T12:00:00Z --end 2026-07-01T12:00:00Z

The fourth continues the third by a day.
"""

import argparse
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

import _path  # noqa: F401
from factory_metrics.project import UserError
from factory_metrics.synthetic import demo_factory, demo_orgs, generator, platform_logs

DAYS = 120


def main() -> None:
    """Parse the command line and make the logs; bad input exits with code 2."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="demo|platform|logs")

    demo = commands.add_parser("demo", help="the demo factory's 120 days of three orgs, as CSV")
    demo.add_argument("--out", type=Path, required=True, help="folder of the two files")
    demo.add_argument("--seed", type=int, default=demo_factory.SEED)
    demo.set_defaults(make=make_demo)

    platform = commands.add_parser(
        "platform", help="three weeks of two orgs as the platform's events API has them, as JSON"
    )
    platform.add_argument("--out", type=Path, required=True, help="folder of the log's folder")
    platform.add_argument("--seed", type=int, default=platform_logs.SEED)
    platform.set_defaults(make=make_platform_logs)

    logs = commands.add_parser("logs", help="logs of any size, as Parquet")
    logs.add_argument("--out", type=Path, required=True, help="folder of the two logs' folders")
    logs.add_argument("--events", type=positive, required=True, metavar="N", help="rows of factory_events")
    logs.add_argument("--orgs", type=positive, metavar="N", help="default: one per 50,000 events, 3 to 5,000")
    begin = logs.add_mutually_exclusive_group()
    begin.add_argument(
        "--days", type=positive, default=DAYS, metavar="N", help=f"a new log of N days (default: {DAYS})"
    )
    begin.add_argument(
        "--start", type=instant, help="go on with an earlier log that ended here (same --seed and --orgs)"
    )
    logs.add_argument(
        "--end",
        type=instant,
        default=demo_orgs.END,
        help="rows arrive before it (default: the demo's end)",
    )
    logs.add_argument("--seed", type=int, default=generator.SEED)
    logs.set_defaults(make=make_logs)

    options = parser.parse_args()
    started = time.monotonic()
    try:
        summary = options.make(options)
    except OSError as error:
        parser.error(f"cannot write {error.filename}: {error.strerror}")
    except (UserError, duckdb.IOException) as error:
        parser.error(str(error))
    print(f"{summary} in {time.monotonic() - started:.1f} s")


def make_demo(options: argparse.Namespace) -> str:
    """Make the demo factory; return a summary."""
    events, runs = demo_factory.write_demo(options.out, options.seed)
    return f"{events:,} events, {runs:,} runs, 2 files"


def make_platform_logs(options: argparse.Namespace) -> str:
    """Make a log in the platform's form; return a summary."""
    events, files = platform_logs.write_platform_logs(options.out, options.seed)
    return f"{events:,} events, {files} files"


def make_logs(options: argparse.Namespace) -> str:
    """Make large logs; return a summary."""
    if options.start and not options.orgs:
        message = "--start needs --orgs: the number of orgs of the log that goes on"
        raise UserError(message)
    begin = options.start or options.end - timedelta(days=min(options.days, generator.LONGEST.days + 1))
    if begin >= options.end:
        message = f"--start {begin} is not before --end {options.end}"
        raise UserError(message)
    request = generator.LogsRequest(
        folder=options.out,
        events=options.events,
        orgs=options.orgs or generator.default_orgs(options.events),
        begin=begin,
        end=options.end,
        continues=bool(options.start),
        seed=options.seed,
    )
    made = generator.generate(request, report=lambda line: print(line, file=sys.stderr, flush=True))
    return f"{made.events:,} events, {made.runs:,} runs, {made.files} files"


def positive(text: str) -> int:
    """Read a whole number above 0."""
    number = int(text)
    if number < 1:
        message = f"{text} is not above 0"
        raise argparse.ArgumentTypeError(message)
    return number


def instant(text: str) -> datetime:
    """Read an ISO 8601 instant; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} is not an instant such as 2026-06-30T12:00:00Z"
        raise argparse.ArgumentTypeError(message) from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


if __name__ == "__main__":
    main()
