"""Find the files of a raw log and say how to read each of them.

Parquet is read as it is. Text is read line by line, so that a line that is no row is kept, not lost:
DuckDB's own readers of JSON Lines and CSV drop or reshape such lines.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from errno import EDQUOT, ELOOP, ENOSPC
from pathlib import Path
from shutil import rmtree
from threading import Lock
from typing import Literal, NamedTuple
from weakref import finalize

import duckdb
import msgspec

from factory_metrics import json_values
from factory_metrics.failures import first_line
from factory_metrics.logs import compressed_files, csv_files, json_files, json_rows, log_checks, log_rows
from factory_metrics.logs.compressed_files import is_compressed, unpacked
from factory_metrics.logs.csv_files import csv_header, rows_of_csv_file
from factory_metrics.logs.json_files import count_plain_rows, rows_of_json_file
from factory_metrics.logs.log_checks import check_beginning, check_log
from factory_metrics.logs.log_rows import (
    CSV_SUFFIXES,
    JSON_LINES_SUFFIXES,
    PARQUET_SUFFIXES,
    BadFileError,
    LandingError,
    Row,
    line_of_copy,
)
from factory_metrics.shared_constants import LOG_COLUMNS

# The code that decides which rows come of a file.
SOURCES = [
    Path(str(module.__file__))
    for module in (compressed_files, csv_files, json_files, json_rows, json_values, log_checks, log_rows)
] + [Path(__file__)]

_OBJECT_COLUMNS = [
    name for columns in LOG_COLUMNS.values() for name, kind in columns.items() if kind == "json"
]
_COMPRESSED_SUFFIXES = (".gz", ".zst", ".bz2", ".xz", ".zip", ".lz4", ".snappy")


class LogFile(msgspec.Struct, frozen=True):
    """A file of a log: its absolute path as `part`, and a `fingerprint` that changes when the file does."""

    part: str
    fingerprint: str


class Part(msgspec.Struct, frozen=True):
    """Files of one log that are read in one go.

    `paths` are escaped for DuckDB's globbing. `columns` maps names to DuckDB types; it is empty for JSON,
    whose columns are known only row by row. `prefix` is the folder of the working copies, to cut from a
    file's path to get the path that the user knows. `bytes_are_text` says so of all bytes.
    """

    kind: Literal["parquet", "json_lines", "copied_rows"]
    paths: list[str]
    columns: dict[str, str] = {}
    prefix: str = ""
    bytes_are_text: bool = False

    def with_no_paths(self) -> "Part":
        """Return a part of the same form without files, to collect those that are alike."""
        return msgspec.structs.replace(self, paths=[])


class FoundFiles(msgspec.Struct, frozen=True):
    """The files of a log, by path, and what is in its folder but is none of them, which a `notice` says."""

    files: list[LogFile]
    skipped: list[str]
    notice: str


class PartRows(msgspec.Struct, frozen=True):
    """How many rows a file delivers."""

    part: str
    row_count: int


def list_log_files(folder: str) -> list[LogFile]:
    """Return the files of the log in `folder`, by path; see find_log_files()."""
    return find_log_files(folder).files


def find_log_files(folder: str, *, may_be_absent: bool = False) -> FoundFiles:
    """Return the files of the log in `folder`, and what is skipped; none if it may be absent, and is.

    Folders below it belong to it, and folders and files that links lead to. Names that begin with `_` or `.`
    are other tools' marks, and skipped; so are links that lead nowhere, and what is neither file nor folder.

    Raises:
        LandingError: the folder is missing, one cannot be listed, or a file is of an unknown kind.

    """
    root = Path(os.path.abspath(folder))  # noqa: PTH100 - without `..`
    if may_be_absent and not root.exists():
        return FoundFiles([], [], "")
    if not root.is_dir():
        message = f"the log folder {root} does not exist: create it (it may be empty), or fix raw_path"
        raise LandingError(message)
    skipped: list[str] = []
    files = [_log_file(path) for path in sorted(_walk(root, (), skipped))]
    notice = skipped and (
        f"{len(skipped)} names in {root} are skipped (they begin with _ or . or are links that lead "
        f"nowhere); the first is {min(skipped)}"
    )
    return FoundFiles(files, sorted(skipped), notice or "")


def _walk(folder: Path, parents: tuple[tuple[int, int], ...], skipped: list[str]) -> Iterator[Path]:
    """Yield the files below a folder; `parents` are those that it is in, which a link may lead back to."""
    with _readable(folder):
        status = folder.stat()
        entries = list(os.scandir(folder))
    here = (status.st_dev, status.st_ino)
    if here in parents:
        return
    for entry in entries:
        path = folder / entry.name
        with _readable(path):
            is_folder, is_file = _kind(entry)
        if entry.name.startswith(("_", ".")) or not (is_folder or is_file):
            skipped.append(str(path))
        elif is_folder:
            yield from _walk(path, (*parents, here), skipped)
        else:
            yield path


def _kind(entry: os.DirEntry[str]) -> tuple[bool, bool]:
    """Tell whether it is, or leads to, a folder or a file; neither for a link to itself."""
    try:
        return entry.is_dir(), entry.is_file()
    except OSError as error:
        if error.errno == ELOOP:
            return False, False
        raise


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"{path} cannot be read ({error.strerror}): let it be read, or move it out of the log"
        raise LandingError(message) from error


def _log_file(path: Path) -> LogFile:
    known = PARQUET_SUFFIXES + JSON_LINES_SUFFIXES + CSV_SUFFIXES
    suffix = path.suffix.lower()
    if suffix in _COMPRESSED_SUFFIXES and not is_compressed(path):
        problem = (
            f"is of an unknown kind: decompress it, so that its name ends in one of {', '.join(known)}; "
            "text may also be compressed, then its name ends in .jsonl.gz, .csv.zst and so on"
        )
        raise BadFileError(path, problem)
    if suffix not in known and not is_compressed(path):
        problem = f"is of an unknown kind: rename it to end in one of {', '.join(known)}, or move it away"
        raise BadFileError(path, problem)
    if not _is_text(str(path)):
        raise BadFileError(log_rows.shown(str(path)), "has a name that is not UTF-8: rename it")
    status = path.stat()
    return LogFile(str(path), f"{status.st_size} bytes, changed at {status.st_mtime_ns} ns")


def _is_text(text: str) -> bool:
    return text.isascii() or log_rows.shown(text) == text


class _Reading(NamedTuple):
    """How to read one file, and how many rows it delivers."""

    part: Part
    row_count: int


class WorkingCopies:
    """Says how to read files; the working copies that some need live as long as this object.

    Threads share it.
    """

    def __init__(self, folder: str | None = None, *, stay: bool = False, suffix: str = "") -> None:
        """Start with no working copies; they will be in a folder of their own, in `folder` if it is given.

        If they `stay`, somebody else removes `folder`. Their names end in `suffix`.
        """
        self._folder = tempfile.mkdtemp(prefix="factory-logs-", dir=folder)
        if not stay:
            finalize(self, rmtree, self._folder, ignore_errors=True)
        self._suffix = suffix
        # dbt asks several times in a run.
        self._readings: dict[LogFile, _Reading | None] = {}
        self._only_thread = Lock()

    def parts(self, paths: Sequence[str], log: str = "") -> list[Part]:
        """Return how to read these files, grouped by how they are read; files that are gone or empty are not.

        Raises:
            LandingError: a file is broken, or of another log.

        """
        parts: dict[tuple[object, ...], Part] = {}
        for path in paths:
            reading = self._reading(Path(path), log)
            if reading:
                part = reading.part
                alike = (part.kind, part.prefix, part.bytes_are_text, *part.columns.items())
                parts.setdefault(alike, part.with_no_paths()).paths.extend(part.paths)
        return list(parts.values())

    def row_counts(self, paths: Sequence[str]) -> list[PartRows]:
        """Return how many rows each file delivers, counted in the file, not in what DuckDB reads of it.

        Raises:
            LandingError: a file is broken.

        """
        readings = ((path, self._reading(Path(path))) for path in paths)
        return [PartRows(path, reading.row_count if reading else 0) for path, reading in readings]

    def _reading(self, path: Path, log: str = "") -> _Reading | None:
        """Look at a file, once; None for one that is gone or has no rows."""
        if not path.exists():
            return None
        if not path.stat().st_size:
            if path.suffix.lower() in JSON_LINES_SUFFIXES + CSV_SUFFIXES:
                return None
            problem = "is cut off: it has 0 bytes, and even one without rows has more: write it again"
            raise BadFileError(path, problem)
        file = _log_file(path)
        with self._only_thread:
            if file not in self._readings:
                self._readings[file] = self._look_at(path, log)
            return self._readings[file]

    def _look_at(self, path: Path, log: str) -> _Reading | None:
        if path.suffix.lower() in PARQUET_SUFFIXES:
            return _Reading(*_parquet_part(path))
        with self._room_for(path):
            if not is_compressed(path):
                return self._look_at_text(path, path, log)
            with unpacked(path, Path(self._folder)) as contents:
                try:
                    return self._look_at_text(path, contents, log) if contents.stat().st_size else None
                except BadFileError as error:
                    raise BadFileError(path, error.problem) from error

    def _look_at_text(self, path: Path, contents: Path, log: str) -> _Reading | None:
        """Look at a file, whose contents may be in another one."""
        check_beginning(contents)
        if contents.suffix.lower() in CSV_SUFFIXES:
            header = csv_header(contents)
            rows = rows_of_csv_file(contents)
            return self._copy(path, rows, dict.fromkeys(header, "VARCHAR")) if header else None
        check_log(contents, log)
        plain_rows = count_plain_rows(contents)
        if plain_rows is None:
            return self._copy(path, rows_of_json_file(contents))
        if contents == path:
            return _Reading(Part("json_lines", [_escaped(path)]), plain_rows)
        copy = contents.rename(self._place_of_copy(path))
        return _Reading(Part("json_lines", [_escaped(copy)], prefix=self._folder), plain_rows)

    def _place_of_copy(self, path: Path) -> Path:
        copy = Path(self._folder + str(path) + self._suffix)
        copy.parent.mkdir(parents=True, exist_ok=True)
        return copy

    @contextmanager
    def _room_for(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in (ENOSPC, EDQUOT):
                raise
            problem = f"needs a working copy, which does not fit into {self._folder}: make room there"
            raise BadFileError(path, problem) from error

    def _copy(self, path: Path, rows: Iterable[Row], columns: dict[str, str] | None = None) -> _Reading:
        copy = self._place_of_copy(path)
        row_count = 0
        with copy.open("w", encoding="utf-8", newline="") as lines:
            for row in rows:
                lines.write(line_of_copy(row) + "\n")
                row_count += 1
        return _Reading(Part("copied_rows", [_escaped(copy)], columns or {}, self._folder), row_count)


def _escaped(path: Path) -> str:
    """Return the path with DuckDB's wildcards taken literally.

    Raises:
        LandingError: there is a backslash, too, which DuckDB then does not find.

    """
    if "\\" in str(path) and any(char in str(path) for char in "*?["):
        message = f"log file {path} has a backslash and one of * ? [ in its path: rename it"
        raise LandingError(message)
    return "".join(f"[{char}]" if char in "*?[" else char for char in str(path))


def _parquet_part(path: Path) -> tuple[Part, int]:
    """Return how to read a Parquet file, and its number of rows."""
    file = _escaped(path)
    try:
        with duckdb.connect() as connection:
            columns = _parquet_columns(connection, file)
            # Bytes of a column of its own are looked at row by row; inside of an object they cannot be.
            objects = [columns.get(name, "") for name in _OBJECT_COLUMNS]
            bytes_are_text = any("BLOB" in kind and kind != "BLOB" for kind in objects)
            if bytes_are_text:
                columns = _parquet_columns(connection, file, ", binary_as_string = true")
            query = "select num_rows from parquet_file_metadata(?)"
            ((row_count,),) = connection.execute(query, [file]).fetchall()
    except duckdb.Error as error:
        problem = f"cannot be read as Parquet ({first_line(error)}): replace it or move it away"
        raise BadFileError(path, problem) from error
    return Part("parquet", [file], columns, bytes_are_text=bytes_are_text), row_count


def _parquet_columns(connection: duckdb.DuckDBPyConnection, file: str, option: str = "") -> dict[str, str]:
    query = f"describe select * from read_parquet(?, hive_partitioning = false{option})"  # noqa: S608
    rows = connection.execute(f"select lower(column_name), column_type from ({query})", [file])  # noqa: S608
    return dict(rows.fetchall())
