"""The history of runs: a line of JSON per run, and the table `run_history` in each published version."""

from __future__ import annotations

import glob
import mmap
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb
import msgspec

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = {
    "started_at": "TIMESTAMP",
    "seconds": "DOUBLE",
    "outcome": "VARCHAR",
    "message": "VARCHAR",
    "as_of": "TIMESTAMP",
    "rows_in": "BIGINT",
    "rows_rejected": "BIGINT",
    "batch_id": "BIGINT",
    "published_version": "BIGINT",
    "project_version": "VARCHAR",
    "freshness": "MAP(VARCHAR, VARCHAR)",
    "steps": "MAP(VARCHAR, DOUBLE)",
}

# What they mean, for those who open a warehouse.
_DESCRIPTIONS = {
    "started_at": "When the run began, UTC.",
    "seconds": "How long it took.",
    "outcome": "The exit code in words.",
    "message": "What went wrong.",
    "as_of": "The instant for which it computed, UTC.",
    "rows_in": "Delivered rows that were new since the version before.",
    "rows_rejected": "Rejected rows among them.",
    "batch_id": "The batch that the logs had come to.",
    "published_version": "The version that it published.",
    "project_version": "A checksum of models and settings.",
    "freshness": "What dbt says of how fresh each log is.",
    "steps": "The seconds that each step took.",
}

# The lines of the history's file, as DuckDB reads them: years of runs would take Python gigabytes. Those that
# were cut off become nulls.
_LINES = (
    f"read_json(?, columns = {COLUMNS}, format = 'newline_delimited', ignore_errors = true, "
    "hive_partitioning = false)"
)


class Run(msgspec.Struct, kw_only=True):
    """A line of the run history; the columns of the table `run_history`.

    Times are ISO 8601 in UTC. `outcome` is the exit code in words, `message` what went wrong. `rows_in` and
    `rows_rejected` count the delivered rows that were new since the published version; `freshness` is dbt's
    verdict on each log; `steps` has the seconds that each step took.
    """

    started_at: str
    seconds: float = 0.0
    outcome: str = ""
    message: str = ""
    as_of: str | None = None
    rows_in: int = 0
    rows_rejected: int = 0
    batch_id: int | None = None
    published_version: int | None = None
    project_version: str = ""
    freshness: dict[str, str] = {}
    steps: dict[str, float] = {}

    def end(self, outcome: str, started: float) -> None:
        """Note how the run ended, which began at `started` on the monotonic clock."""
        self.outcome = outcome
        self.seconds = round(time.monotonic() - started, 3)


def begin() -> Run:
    """Return a run that begins now."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return Run(started_at=now.isoformat(sep=" ", timespec="microseconds"))


def append(history: Path, run: Run) -> None:
    """Add a run to the history's file."""
    # A line that was cut off when a disk was full is ended first.
    with history.open("a+b") as file:
        if file.tell():
            file.seek(-1, 2)
            if file.read() != b"\n":
                file.write(b"\n")
        file.write(msgspec.json.encode(run) + b"\n")


def knows(history: Path, run: Run) -> bool:
    """Tell whether the history's file has a run."""
    if not history.exists() or not history.stat().st_size:
        return False
    with history.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as lines:
        return lines.find(f'"started_at":"{run.started_at}"'.encode()) >= 0


def read(history: Path) -> list[Run]:
    """Return the runs of the history's file, without lines that were cut off."""
    runs = []
    for line in history.read_bytes().splitlines() if history.exists() else []:
        try:
            runs.append(msgspec.json.decode(line, type=Run))
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    return runs


def highest_version(history: Path) -> int:
    """Return the highest number that a version ever had, by the history's file; 0 when there is none."""
    if not history.exists() or not history.stat().st_size:
        return 0
    with duckdb.connect() as connection:
        query = f"select coalesce(max(published_version), 0) from {_LINES}"  # noqa: S608 - our own names
        [(version,)] = connection.execute(query, [glob.escape(str(history))]).fetchall()
    return int(version)


def write_table(warehouse: Path, history: Path | None, run: Run) -> None:
    """Put the runs of the history's file, if there is one, and another into the table `run_history`."""
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    structure = msgspec.json.encode([COLUMNS]).decode()
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"create or replace table run_history ({columns})")
        connection.execute(
            "comment on table run_history is 'One row per run; in the demo, the last make demo'"
        )
        for column, description in _DESCRIPTIONS.items():
            connection.execute(f"comment on column run_history.{column} is '{description}'")
        if history and history.exists() and history.stat().st_size:
            connection.execute(
                f"insert into run_history by name from {_LINES} where started_at is not null",
                [glob.escape(str(history))],
            )
        connection.execute(
            "insert into run_history by name select unnest(run) "  # noqa: S608 - our own names
            f"from unnest(from_json(?, '{structure}')) as runs(run)",
            [msgspec.json.encode([run]).decode()],
        )


def read_last(connection: duckdb.DuckDBPyConnection) -> Run | None:
    """Return the run that made a version, from the table in it: its last row.

    Not the run with the highest number, as the history may have runs whose versions are lost.
    """
    # with all six decimals, as in the history's file: a cast drops those that are 0
    names = ", ".join(
        f"strftime({name}, '%Y-%m-%d %H:%M:%S.%f')" if kind == "TIMESTAMP" else name
        for name, kind in COLUMNS.items()
    )
    row = connection.execute(
        f"select {names} from run_history "  # noqa: S608 - our own names
        "order by rowid desc limit 1"
    ).fetchone()
    return Run(**dict(zip(COLUMNS, row, strict=True))) if row else None
