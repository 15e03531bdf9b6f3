"""The files of pulled events: a folder per org, a file per hour, and how far the pull has come."""

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from factory_metrics.documents.document_files import replacing
from factory_metrics.project import UserError
from factory_metrics.pull.event_pages import Event, row_id

_LONGEST_NAME = 200
_HOUR = "%Y-%m-%dT%H"
_SECOND = "%Y-%m-%dT%H:%M:%SZ"
_STATE = "state.json"
# Readers of logs skip names that begin so.
_TEMPORARY = ".pull-"


class Progress(NamedTuple):
    """All hours from `since` to `until` are pulled; both are beginnings of hours."""

    since: datetime
    until: datetime


class HourFiles:
    """What was pulled of one org, below the folder of the logs."""

    def __init__(self, out: Path, org: str) -> None:
        """Name the folders; nothing is made yet."""
        self._org = org
        self.folder = out / "factory_events" / org_folder(org)
        # Not among the files of the log, whose readers would speak of it in every run.
        self.state_folder = out / "_pull" / org_folder(org)

    def prepare(self) -> None:
        """Make the state's folder."""
        self.state_folder.mkdir(parents=True, exist_ok=True)

    def tidy(self) -> None:
        """Remove what a killed pull left half-written."""
        for folder in (self.folder, self.state_folder):
            for left in folder.glob(f"{_TEMPORARY}*"):
                left.unlink(missing_ok=True)

    def path(self, hour: datetime) -> Path:
        """Return an hour's file."""
        return self.folder / f"{hour.strftime(_HOUR)}.jsonl"

    def rows(self, hour: datetime) -> dict[str, str]:
        """Return the rows that an hour's file has, by id.

        Raises:
            UserError: another program has written to it.

        """
        path = self.path(hour)
        try:
            lines = path.read_bytes().decode().split("\n")
        except FileNotFoundError:
            return {}
        except UnicodeError:
            lines = [""]
        try:
            if lines.pop():
                raise ValueError  # noqa: TRY301 - as for a row that is none
            return {row_id(line): line for line in lines}
        except (ValueError, RecursionError) as error:
            message = f"{path} has been changed by something else: move it away, and pull with --since again"
            raise UserError(message) from error

    def write(self, hour: datetime, rows: dict[str, str]) -> bool:
        """Write an hour's file, sorted by id, unless it has these rows; return whether it was written."""
        content = "".join(f"{rows[key]}\n" for key in sorted(rows)).encode()
        path = self.path(hour)
        with suppress(FileNotFoundError):
            if path.read_bytes() == content:
                return False
        if not rows:
            return False
        _write(path, content)
        return True

    def progress(self) -> Progress | None:
        """Return how far the pull has come; None when it has not begun.

        Raises:
            UserError: the file that says so is broken.

        """
        path = self.state_folder / _STATE
        try:
            state = json.loads(path.read_bytes())
            return Progress(_hour(state["since"]), _hour(state["until"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            message = f"{path} is broken: remove it, and pull with --since again"
            raise UserError(message) from error

    def save(self, progress: Progress) -> None:
        """Keep how far the pull has come."""
        state = {"org": self._org, "since": second(progress.since), "until": second(progress.until)}
        _write(self.state_folder / _STATE, json.dumps(state).encode() + b"\n")


def org_folder(org: str) -> str:
    """Return the name of an org's folder, percent-encoded; different orgs have different ones.

    Capitals are encoded, as some file systems take them for small letters, and so is a `.` or `_` in the
    first place, as readers of logs skip such names. A long name is cut and ends in `+` and its SHA-256.
    """
    small = "abcdefghijklmnopqrstuvwxyz0123456789-"
    name = "".join(
        char if char in small or (number and char in "._") else _encoded(char)
        for number, char in enumerate(org)
    )
    if len(name) > _LONGEST_NAME:
        end = f"+{sha256(org.encode()).hexdigest()}"
        name = name[: _LONGEST_NAME - len(end)] + end
    return name


def _encoded(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode())


def merged(earlier: dict[str, str], events: Iterable[Event]) -> dict[str, str]:
    """Return earlier rows and the events' rows; what is no longer answered stays, as the log only grows."""
    return earlier | {event.id: event.row for event in events}


def second(moment: datetime) -> str:
    """Return an instant as text, to the second."""
    return moment.strftime(_SECOND)


def _hour(text: str) -> datetime:
    moment = datetime.strptime(text, _SECOND).replace(tzinfo=UTC)
    if moment.minute or moment.second:
        raise ValueError(text)
    return moment


def _write(path: Path, content: bytes) -> None:
    """Write a file so that after a kill, or a fall of the machine, it is there as a whole or as before."""
    with replacing(path, path.with_name(f"{_TEMPORARY}{path.name}")) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
