"""Publish warehouses: readers always find a whole one, and never wait.

    <home>/factory.duckdb   a link to the published version; readers open it
    <home>/versions/        the published version and some before it, which nothing writes to any more: each a
                            folder with its number, and `factory.duckdb` in it: DuckDB names databases after
                            their files, and SQL may have that name in it
    <home>/documents/       the documents of the published version
    <home>/runs.jsonl       one line per run
    <home>/build/           what only the runs use

A version is switched by renaming a link, which is atomic. A reader that holds an older version keeps it, even
when its file has been removed.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import duckdb

from factory_metrics.failures import first_line, full_disk_named
from factory_metrics.project import UserError, check_path
from factory_metrics.runs import run_history
from factory_metrics.runs.file_copies import copy_file
from factory_metrics.runs.run_history import Run
from factory_metrics.schemas import find_in_all_schemas

# So long a version stays that the link named: a reader may have looked at the link, and not opened it yet.
_SECONDS_TO_OPEN = 60

START_OVER = "or use --full-refresh to start over with the logs that are there"

# Folders beside the versions whose names begin so are backfills', while they are in use.
SCRATCH_PREFIX = ".backfill-"


class HomeLockedError(UserError):
    """Another run holds the lock."""


class Rollback(NamedTuple):
    """The version that was gone back to, the newest batch of the logs then, and the version before.

    `run_started_at` tells of which run the version is, as its number may come back when versions are lost.
    """

    version: int
    batch_id: int
    from_version: int
    run_started_at: str = ""

    def is_of(self, version: int, run: Run) -> bool:
        """Tell whether it is of a version that a run made; notes of earlier releases do not name the run."""
        return self.version == version and self.run_started_at in {"", run.started_at}


class Home:
    """A folder that warehouses are built in and published from."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; nothing is made yet."""
        self.folder = folder.absolute()
        self.published = self.folder / "factory.duckdb"
        self.versions_folder = self.folder / "versions"
        self.documents = self.folder / "documents"
        self.runs = self.folder / "runs.jsonl"
        self.build = self.folder / "build"
        self.warehouse = self.build / "warehouse.duckdb"
        self.history = self.build / "history.duckdb"
        self.scratch = self.build / "scratch"
        self._rollback = self.build / "rollback"
        self._started_over = self.build / "begun-anew"  # as homes of earlier releases have it

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the home, which the system releases when the process ends, however it ends.

        Raises:
            HomeLockedError: another process holds it.
            UserError: the folder cannot be used.

        """
        check_path(self.folder)
        try:
            with full_disk_named(self.folder):
                self.build.mkdir(parents=True, exist_ok=True)
                self.versions_folder.mkdir(exist_ok=True)
                lock = (self.build / "lock").open("a")
        except OSError as error:
            message = f"cannot use the folder {self.folder} ({error.strerror}): name one that you may write"
            raise UserError(message) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                message = f"another run is at work in {self.folder}: try again when it is done"
                raise HomeLockedError(message) from error
            self._discard_scratch()
            yield

    def _discard_scratch(self) -> None:
        """Remove what killed runs left: working copies of logs, and what did not fit into memory."""
        for folder in (self.scratch, *self.build.glob("*.tmp")):
            shutil.rmtree(folder, ignore_errors=True)
        self.scratch.mkdir()

    def versions(self) -> list[int]:
        """Return the numbers of the versions that are there, oldest first."""
        names = (path.parent.name for path in self.versions_folder.glob(f"*/{self.published.name}"))
        return sorted(int(name) for name in names if _is_number(name))

    def next_version(self) -> int:
        """Return the number of the version that is published next: one that no version had, lost ones too."""
        known = (*self.versions(), self.linked() or 0, run_history.highest_version(self.runs))
        return max(known) + 1

    def version_file(self, version: int) -> Path:
        """Return the file of a version."""
        return self.versions_folder / f"{version:08d}" / self.published.name

    def current(self) -> int | None:
        """Return the number of the published version; None before the first.

        Raises:
            UserError: the published file is none of ours, or gone.

        """
        version = self.linked()
        if version is not None and not self.version_file(version).exists():
            message = f"the published version {version} is gone: {self._way_out(version)}"
            raise UserError(message)
        return version

    def _way_out(self, version: int) -> str:
        """Say what to do when a version cannot be used."""
        others = [str(other) for other in self.versions() if other != version]
        if others:
            return f"choose another with scripts/rollback.py; there are: {', '.join(others)}"
        return f"and there is no other: remove the link {self.published}, and run again"

    @contextmanager
    def open_version(self, version: int) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a version's file for reading.

        Raises:
            UserError: it is not there, or damaged.

        """
        file = self.existing_file(version)
        try:
            with duckdb.connect(str(file), read_only=True) as connection:
                yield find_in_all_schemas(connection)
        except duckdb.Error as error:
            message = f"version {version} cannot be read ({first_line(error)}): {self._way_out(version)}"
            raise UserError(message) from error

    def run_that_made(self, version: int) -> Run | None:
        """Return the run that made a version, which tells it from others that had its number.

        Raises:
            UserError: the version is not there, or damaged.

        """
        with self.open_version(version) as connection:
            return run_history.read_last(connection)

    @contextmanager
    def open_history(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open what is known of the logs for reading.

        Raises:
            UserError: it is damaged, or in use.

        """
        try:
            connection = duckdb.connect(str(self.history), read_only=True)
        except duckdb.Error as error:
            way_out = (
                "let go of it, and run again"
                if "lock" in str(error)
                else f"put it back from a copy, {START_OVER}"
            )
            message = (
                f"{self.history}, which has all rows that were read, cannot be opened "
                f"({first_line(error)}): {way_out}"
            )
            raise UserError(message) from error
        with connection:
            yield connection

    def linked(self) -> int | None:
        """Return the number of the version that the link names, there or not; None before the first.

        Raises:
            UserError: the published file is none of ours.

        """
        if not self.published.is_symlink():
            if self.published.exists():
                message = f"{self.published} is no link to a version: move it away, or use another folder"
                raise UserError(message)
            return None
        folder = self.published.readlink().parent
        if folder.parent.name != self.versions_folder.name or not _is_number(folder.name):
            message = f"{self.published} is no link to a version: move it away, or use another folder"
            raise UserError(message)
        return int(folder.name)

    def start_build(self) -> None:
        """Make the warehouse to build on: what a killed run left, else a copy of what is published."""
        current = self.current()
        if self.warehouse.exists() or current is None:
            return
        copy = self.warehouse.with_suffix(".copying")
        copy_file(self.version_file(current), copy)
        to_disk(copy)
        discard_database(self.warehouse)
        copy.replace(self.warehouse)

    def discard_empty_build(self) -> None:
        """Remove a build that has nothing of the models yet, or cannot be read."""
        if not self.warehouse.exists():
            return
        try:
            with duckdb.connect(str(self.warehouse)) as connection:
                started = connection.execute(
                    "select 1 from information_schema.tables where table_name = 'int_runs'"
                ).fetchone()
        except duckdb.Error:
            started = None
        if not started:
            discard_database(self.warehouse)

    def start_over(self) -> None:
        """Forget all that was read of the logs; that it was meant is known until the next publication."""
        self._started_over.touch()
        to_disk(self.build)  # before anything is forgotten
        discard_database(self.warehouse)
        discard_database(self.history)

    def has_started_over(self) -> bool:
        """Tell whether all that was read has been forgotten, and nothing published since."""
        return self._started_over.exists()

    def end_starting_over(self) -> None:
        """Note that what was read since all was forgotten is published."""
        self._started_over.unlink(missing_ok=True)

    def publish(self, version: int) -> None:
        """Publish the built warehouse as this version, which is a new one."""
        # Opened by itself, so that nothing is left in a write-ahead log, and it can be read.
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute("checkpoint")
        if _write_ahead_log(self.warehouse).exists():
            message = f"{self.warehouse} could not be completed: its write-ahead log stays"
            raise UserError(message)
        to_disk(self.warehouse)
        target = self.version_file(version)
        target.parent.mkdir(exist_ok=True)
        self.warehouse.chmod(0o444)
        self.warehouse.replace(target)
        to_disk(target.parent)
        to_disk(self.versions_folder)
        self.point_to(version)
        self.end_starting_over()

    def remove_old_versions(self, keep: int) -> None:
        """Remove all but the newest version and the `keep` before it, and what interrupted backfills left.

        What the link names, or named less than a minute ago, stays too.

        Raises:
            OSError: one cannot be removed; the next run tries again.

        """
        kept = {*self.versions()[-keep - 1 :], self.linked()}
        for folder in self.versions_folder.iterdir():
            if _is_number(folder.name) and int(folder.name) not in kept:
                age = time.time() - folder.stat().st_mtime
                if age > _SECONDS_TO_OPEN or not (folder / self.published.name).exists():
                    shutil.rmtree(folder)
        for folder in self.versions_folder.glob(f"{SCRATCH_PREFIX}*"):
            with suppress(FileNotFoundError, BlockingIOError), in_use(folder):
                shutil.rmtree(folder)

    def roll_back(self, version: int, batch_id: int, run_started_at: str) -> None:
        """Publish an earlier version again, made by the run that started then.

        `batch_id` is the newest batch that is known of the logs.

        Raises:
            UserError: there is no such version.

        """
        self.existing_file(version)
        # First, as it says nothing of other versions than the published one.
        note = self._rollback.with_suffix(".new")
        note.write_text(f"{version} {batch_id} {self.linked() or version} {run_started_at}")
        to_disk(note)
        note.replace(self._rollback)
        self.point_to(version)

    def rollback(self) -> Rollback | None:
        """Return the last rollback; None when there was none.

        Raises:
            UserError: the note of it is damaged.

        """
        if not self._rollback.exists():
            return None
        try:
            version, batch_id, from_version, *run_started_at = self._rollback.read_text().split(maxsplit=3)
            return Rollback(int(version), int(batch_id), int(from_version), *run_started_at)
        except ValueError as error:
            message = (
                f"{self._rollback}, which says what was gone back to, is damaged: give scripts/rollback.py "
                "the number of the version to publish, or remove the file to go on with new rows"
            )
            raise UserError(message) from error

    def point_to(self, version: int) -> None:
        """Make a version the published one.

        Raises:
            UserError: there is no such version.

        """
        target = self.existing_file(version)
        left = self.linked()
        if left is not None and self.version_file(left).exists():
            os.utime(self.version_file(left).parent)  # when it was last named
        link = self.build / "factory.duckdb.link"
        link.unlink(missing_ok=True)
        link.symlink_to(target.relative_to(self.folder))
        link.replace(self.published)
        to_disk(self.folder)

    def existing_file(self, version: int) -> Path:
        """Return the file of a version that is there.

        Raises:
            UserError: there is no such version.

        """
        file = self.version_file(version)
        if not file.exists():
            known = ", ".join(map(str, self.versions())) or "none"
            message = f"there is no version {version} in {self.versions_folder}; there are: {known}"
            raise UserError(message)
        return file


@contextmanager
def in_use(folder: Path) -> Iterator[None]:
    """Hold a folder, which the system releases when the process ends.

    Raises:
        BlockingIOError: another process holds it.

    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def discard_database(file: Path) -> None:
    """Remove a DuckDB file; first its write-ahead log, which the next file there would take for its own."""
    _write_ahead_log(file).unlink(missing_ok=True)
    file.unlink(missing_ok=True)


def _is_number(name: str) -> bool:
    """Tell whether a folder may be called so by `version_file`: Unicode has digits of many kinds."""
    return name.isascii() and name.isdecimal()


def _write_ahead_log(file: Path) -> Path:
    return file.with_name(f"{file.name}.wal")


def to_disk(path: Path) -> None:
    """Wait until a file's content, or a folder's entries, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
