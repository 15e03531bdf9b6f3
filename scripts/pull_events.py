r"""Pull the events of an org from the platform's API into files of the log, and go on from there each time.

    .venv/bin/python scripts/pull_events.py --url https://platform.example.com --org acme \
        --out /data/logs --since 2026-06-01

The key of the org is in the environment variable RENSEI_API_KEY. Each hour (UTC) is a file,
`<out>/factory_events/<org>/<hour>.jsonl`, which is written again only when its content has changed.
Exit codes: 0 there are new events; 2 it could not be done; 3 nothing new; 130 interrupted by Ctrl-C, 143 by
SIGTERM. A pull may end at any point: the next one goes on from what is there.
"""

import _start  # noqa: F401

# isort: split
import argparse
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from factory_metrics.failures import explain, is_full_disk
from factory_metrics.instants import utc_instant
from factory_metrics.project import UserError
from factory_metrics.pull.events_client import EventsClient, Patience, checked_key, checked_url
from factory_metrics.pull.hour_files import HourFiles
from factory_metrics.pull.pulling import Pull
from factory_metrics.runs.interrupts import run_command

_NOTHING_NEW = 3
_MOST_HOURS = 24 * 366


def main(argv: Sequence[str] | None = None, patience: Patience | None = None) -> int:
    """Run the command line; return the exit code."""
    arguments = _parser().parse_args(argv)
    out = arguments.out.absolute()
    try:
        client = EventsClient(
            url=checked_url(arguments.url),
            org=arguments.org,
            key=checked_key(os.environ.get("RENSEI_API_KEY", "")),
            patience=patience or Patience(time.sleep),
            say=_say,
        )
        pull = Pull(
            client=client,
            files=HourFiles(out, arguments.org),
            since=arguments.since,
            overlap=timedelta(hours=arguments.overlap),
            say=_say,
            say_more=_say if arguments.verbose else lambda _text: None,
        )
        summary = pull.run()
    except UserError as error:
        print(f"pull_events: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        advice = "" if is_full_disk(error) else ": let --out be a folder that this user may write"
        print(f"pull_events: {explain(error, out)}{advice}", file=sys.stderr)
        return 2
    _say(f"{'pulled' if summary.files else 'nothing new'}: {summary}")
    return 0 if summary.files else _NOTHING_NEW


def _parser() -> argparse.ArgumentParser:
    """Return the command line's description."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", required=True, help="the platform, https://...")
    parser.add_argument("--org", required=True, metavar="ID", type=org_name, help="whose key it is")
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="folder of the logs' folders, as in raw_path"
    )
    parser.add_argument(
        "--since",
        type=instant,
        metavar="INSTANT",
        help="begin with its hour; needed the first time, and later to begin earlier",
    )
    parser.add_argument(
        "--overlap",
        type=hours,
        default=24,
        metavar="HOURS",
        help="ask again for so many hours before, as events may come late (default: 24)",
    )
    parser.add_argument("--verbose", action="store_true", help="name each hour, not only each day")
    return parser


def org_name(text: str) -> str:
    """Return an org that is UTF-8 and not blank; argparse makes its message of the ValueError."""
    text.encode()
    if not text.strip():
        raise ValueError
    return text


def instant(text: str) -> datetime:
    """Read an instant; without an offset it is UTC."""
    try:
        return utc_instant(text, "it").replace(tzinfo=UTC)
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def hours(text: str) -> int:
    """Read a number of hours."""
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and int(text) <= _MOST_HOURS):  # noqa: PLR2004
        message = f"{text} is no whole number of hours from 0 to {_MOST_HOURS}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(run_command("pull_events", main))
