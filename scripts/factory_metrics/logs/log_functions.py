"""What macros ask that SQL alone cannot tell: functions of texts, which an engine registers.

An answer is a JSON object, with an `error` in words where there is no answer.
"""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec

from factory_metrics import variables
from factory_metrics.logs import landing
from factory_metrics.logs.json_rows import rows_of_line
from factory_metrics.logs.landing import FoundFiles, Part, WorkingCopies, find_log_files
from factory_metrics.logs.log_rows import LandingError, line_of_copy
from factory_metrics.logs.own_seeds import OwnSeedError, read_own_seed
from factory_metrics.project import ROOT

# What no incremental model is made of.
_NOT_IN_VERSION = {"metrics", "bi", "tests"}


class LogFunctions:
    """Functions that know which files were looked at before, and `copies`, the working copies of these."""

    def __init__(self, copies: WorkingCopies) -> None:
        """Start with no file listed."""
        self._copies = copies
        self._listed: set[str] = set()

    def list_log_files(self, folder: str, may_be_absent: bool) -> str:  # noqa: FBT001 - SQL calls it
        """Return the `log` in `folder`: `files`, what is `skipped`, and a `notice` of it."""
        return _as_json("log", lambda: self._list(folder, may_be_absent=may_be_absent))

    def _list(self, folder: str, *, may_be_absent: bool) -> FoundFiles:
        found = find_log_files(folder, may_be_absent=may_be_absent)
        self._listed.update(file.part for file in found.files)
        return found

    def describe_log_files(self, log: str, paths: str) -> str:
        """Return the `parts` to read files (a JSON list) in."""
        return _as_json("parts", lambda: self._describe(log, msgspec.json.decode(paths, type=list[str])))

    def _describe(self, log: str, paths: list[str]) -> list[Part]:
        # One that was gone before has been cleaned up, and its rows stay; of this one that cannot be told.
        for path in paths:
            if path in self._listed and not Path(path).exists():
                message = f"{path} was removed while a run read it: run again"
                raise LandingError(message)
        return self._copies.parts(paths, log)

    def count_log_rows(self, paths: str) -> str:
        """Return the `parts`, files (a JSON list) with their rows."""
        return _as_json("parts", lambda: self._copies.row_counts(msgspec.json.decode(paths, type=list[str])))


def own_seed_lines(folder: str, name: str, columns: str) -> str:
    """Return the user's `lines` of a seed, in the folder that the var seeds_path names."""
    return _as_json(
        "lines", lambda: [line.fields() for line in read_own_seed(folder, name, columns.split(","))]
    )


def rows_of_line_as_text(line: str) -> str:
    """Return the rows as lines of a working copy: one text goes to DuckDB fifty times faster than a list."""
    return "\n".join(line_of_copy(row) for row in rows_of_line(line))


def logs_place(path: str, database: str, schema: str) -> str:
    """Return a checksum of where logs are, each part of which may be blank."""
    return variables.logs_place({"raw_path": path, "raw_database": database, "raw_schema": schema})


def macros_version(engine: str, version: str) -> str:
    """Return a checksum of what incremental models are made of: macros, readers of files, the engine."""
    checksum = sha256(version.encode())
    for path in landing.SOURCES:
        checksum.update(path.read_bytes())
    for path in sorted((ROOT / "macros").rglob("*.sql")):
        room = path.relative_to(ROOT / "macros").parts
        of_other_engine = room[0] == "engine" and len(room) > 2 and room[1] != engine  # noqa: PLR2004
        if path.parent.name not in _NOT_IN_VERSION and not of_other_engine:
            checksum.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return checksum.hexdigest()[:12]


def _as_json(name: str, result: Callable[[], object]) -> str:
    try:
        return msgspec.json.encode({name: result()}).decode()
    except (LandingError, OwnSeedError, OSError) as error:
        return msgspec.json.encode({"error": str(error)}).decode()
