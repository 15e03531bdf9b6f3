"""Go back to an earlier published version: list what there is, or publish one of them again.

    .venv/bin/python scripts/rollback.py --home /srv/factory            lists the versions
    .venv/bin/python scripts/rollback.py --home /srv/factory previous   publishes the one before
    .venv/bin/python scripts/rollback.py --home /srv/factory 12         publishes version 12

The documents are written again from it. It stays published until a run of scripts/refresh.py finds new rows.
"""

import _start  # noqa: F401

# isort: split
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from factory_metrics.failures import explain_in_home
from factory_metrics.project import UserError
from factory_metrics.runs.command_lines import home_parser
from factory_metrics.runs.handing_out import write_version_documents
from factory_metrics.runs.interrupts import run_command
from factory_metrics.runs.progress import newest_batch
from factory_metrics.runs.publishing import Home, Rollback
from factory_metrics.runs.step_log import StepLog


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, or 2 when something went wrong."""
    parser = home_parser(__doc__)
    parser.add_argument("version", nargs="?", help="a version's number, or `previous`; none: list them")
    documents = parser.add_mutually_exclusive_group()
    documents.add_argument("--documents", type=Path, metavar="DIR", help="default: <home>/documents")
    documents.add_argument("--no-documents", action="store_true", help="leave the documents as they are")
    arguments = parser.parse_args(argv)
    home = Home(arguments.home)
    try:
        check_versions(home)  # before the lock, which would make the folder
        if arguments.version is None:
            list_versions(home)
            return 0
        with home.locked():
            version = chosen_version(home, arguments.version)
            run = home.run_that_made(version)
            home.roll_back(version, newest_batch(home), run.started_at if run else "")
            print(f"version {version} is published")
            if not arguments.no_documents:
                folder = arguments.documents or home.documents
                write_version_documents(home, version, folder, StepLog(lambda text, _: print(text)))
    except (UserError, OSError, duckdb.Error) as error:
        print(f"rollback: {explain_in_home(error, home.folder)}", file=sys.stderr)
        return 2
    return 0


def check_versions(home: Home) -> None:
    """Check that there are versions.

    Raises:
        UserError: there is none.

    """
    if not home.versions():
        message = f"there is no version in {home.folder}: run scripts/refresh.py --home {home.folder}"
        raise UserError(message)


def list_versions(home: Home) -> None:
    """Print the versions, newest first."""
    current = home.linked()
    for version in reversed(home.versions()):
        status = home.version_file(version).stat()
        time = datetime.fromtimestamp(status.st_mtime, UTC).isoformat(sep=" ", timespec="seconds")
        mark = "  published" if version == current else ""
        print(f"{version:>8}  built {time}  {status.st_size / 1e6:>10,.1f} MB{mark}")


def chosen_version(home: Home, text: str) -> int:
    """Return the version that the argument means.

    Raises:
        UserError: it means none.

    """
    if text.isdecimal():
        return int(text)
    if text != "previous":
        message = f"{text} is no version: give a number, or `previous`"
        raise UserError(message)
    current, rollback = home.linked(), home.rollback()
    if rollback and not is_valid(home, rollback):
        rollback = None
    # not one that somebody went back from
    left = range(rollback.version + 1, rollback.from_version + 1) if rollback else ()
    earlier = [
        version
        for version in home.versions()
        if current is not None and version < current and version not in left
    ]
    if not earlier:
        message = (
            f"there is no version before {current}"
            if current
            else "no version is published: name one by its number"
        )
        raise UserError(message)
    return earlier[-1]


def is_valid(home: Home, rollback: Rollback) -> bool:
    """Tell whether a note is of the version with its number, which another gets when versions are lost."""
    if rollback.version not in home.versions():
        return True
    try:
        run = home.run_that_made(rollback.version)
    except UserError:
        return True  # it is damaged
    return run is None or rollback.is_of(rollback.version, run)


if __name__ == "__main__":
    sys.exit(run_command("rollback", main))
