"""Find the files of a raw log and say how to read each of them.

Parquet is read as it is. Text is read line by line, so that a line that is no row is kept, not lost:
DuckDB's own readers of JSON Lines and CSV drop or reshape such lines.
"""

import csv
import json
import sys
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import duckdb
import msgspec

PARQUET_SUFFIXES = (".parquet", ".pq")
JSON_LINES_SUFFIXES = (".jsonl", ".ndjson", ".json")
CSV_SUFFIXES = (".csv",)

# The longest line that macros/engine/read_log.sql lets DuckDB read.
MAX_LINE_BYTES = 16 * 1024 * 1024

csv.field_size_limit(sys.maxsize)


class LandingError(Exception):
    """A log that cannot be read; the message says what, where and how to fix it."""


class LogFile(msgspec.Struct, frozen=True):
    """A file of a log: its absolute path as `part`, and a `fingerprint` that changes when the file does."""

    part: str
    fingerprint: str


class Part(msgspec.Struct, frozen=True):
    """Files of one log that are read in one go.

    `paths` are escaped for DuckDB's globbing. `columns` maps names to DuckDB types; it is empty for JSON
    Lines, whose columns are known only row by row. `prefix` is the folder of the working copies, to cut from
    a file's path to get the path that the user knows.
    """

    kind: Literal["parquet", "json_lines", "csv_lines"]
    paths: list[str]
    columns: dict[str, str] = {}
    prefix: str = ""

    def with_no_paths(self) -> "Part":
        """Return a part of the same form without files, to collect those that are alike."""
        return msgspec.structs.replace(self, paths=[])


def list_log_files(folder: str) -> list[LogFile]:
    """Return the files of the log in `folder`, by path.

    Folders below it belong to it. Names that begin with `_` or `.` are other tools' marks, and skipped.

    Raises:
        LandingError: the folder is missing, or a file is of an unknown kind.

    """
    root = Path(folder).absolute()
    if not root.is_dir():
        message = f"the log folder {root} does not exist: create it (it may be empty), or mend raw_path"
        raise LandingError(message)
    return [_log_file(path) for path in _files(root)]


def _log_file(path: Path) -> LogFile:
    known = PARQUET_SUFFIXES + JSON_LINES_SUFFIXES + CSV_SUFFIXES
    if path.suffix.lower() not in known:
        message = (
            f"{path} is of an unknown kind: rename it to end in one of {', '.join(known)}, or move it away"
        )
        raise LandingError(message)
    status = path.stat()
    return LogFile(str(path), f"{status.st_size} bytes, changed at {status.st_mtime_ns} ns")


class WorkingCopies:
    """Says how to read files; the working copies that some need live as long as this object."""

    def __init__(self, folder: str | None = None) -> None:
        """Start with no working copies; they will be in a folder of their own, in `folder` if it is given."""
        self._copies = tempfile.TemporaryDirectory(prefix="factory-logs-", dir=folder)
        self._made: set[LogFile] = set()

    def parts(self, paths: Sequence[str]) -> list[Part]:
        """Return how to read these files, grouped by how they are read; files that are gone or empty are not.

        Raises:
            LandingError: a file is broken.

        """
        prefix = self._copies.name
        parts: dict[tuple[object, ...], Part] = {}
        for path in map(Path, paths):
            if not path.exists() or not path.stat().st_size:
                continue
            suffix = path.suffix.lower()
            if suffix in PARQUET_SUFFIXES:
                part = Part("parquet", [_escaped(path)], _parquet_columns(path))
            elif suffix in JSON_LINES_SUFFIXES and _is_plain(path):
                part = Part("json_lines", [_escaped(path)])
            elif suffix in JSON_LINES_SUFFIXES:
                part = Part("json_lines", [_escaped(self._copy(path, _plain_lines(path)))], prefix=prefix)
            else:
                header = _csv_header(path)
                if not header:
                    continue
                copy = self._copy(path, _csv_as_json_lines(path, header))
                part = Part("csv_lines", [_escaped(copy)], dict.fromkeys(header, "VARCHAR"), prefix)
            alike = (part.kind, part.prefix, *part.columns.items())
            parts.setdefault(alike, part.with_no_paths()).paths.extend(part.paths)
        return list(parts.values())

    def _copy(self, path: Path, lines: Iterable[str]) -> Path:
        copy = Path(self._copies.name + str(path))
        # dbt asks several times in a run.
        file = _log_file(path)
        if file in self._made:
            return copy
        copy.parent.mkdir(parents=True, exist_ok=True)
        with copy.open("w", encoding="utf-8", newline="") as lines_file:
            lines_file.writelines(line + "\n" for line in lines)
        self._made.add(file)
        return copy


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        names = path.relative_to(root).parts
        if path.is_file() and not any(name.startswith(("_", ".")) for name in names):
            yield path


def _escaped(path: Path) -> str:
    """Return the path with DuckDB's wildcards taken literally."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in str(path))


def _parquet_columns(path: Path) -> dict[str, str]:
    try:
        with duckdb.connect() as connection:
            rows = connection.execute(
                "select lower(column_name), column_type from "
                "(describe select * from read_parquet(?, hive_partitioning = false))",
                [_escaped(path)],
            ).fetchall()
    except duckdb.Error as error:
        message = (
            f"{path} cannot be read as Parquet ({str(error).splitlines()[0]}): replace it or move it away"
        )
        raise LandingError(message) from error
    return dict(rows)


def _is_plain(path: Path) -> bool:
    """Tell whether DuckDB reads all lines as they are: UTF-8, not too long, no carriage return inside."""
    try:
        with path.open("rb") as file:
            return all(
                len(line) <= MAX_LINE_BYTES
                and b"\r" not in line.rstrip(b"\r\n")
                and line.decode() is not None
                for line in file
            )
    except UnicodeDecodeError:
        return False


def _plain_lines(path: Path) -> Iterator[str]:
    r"""Yield the file's lines as DuckDB can read them; what they were is no JSON, and stays none.

    Bytes that are not UTF-8 become `\xff`, and lines that are too long are cut off. A carriage return within
    a line is a blank to JSON.
    """
    with path.open(encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        for line in file:
            yield _cut(line.rstrip("\r\n").replace("\r", " "), MAX_LINE_BYTES)


def _cut(text: str, size: int) -> str:
    """Return the text as far as it fits into so many bytes of UTF-8."""
    return text if len(text) * 4 <= size else text.encode()[:size].decode(errors="ignore")


def _csv_header(path: Path) -> list[str]:
    """Return the names in a CSV file's first record, in lower case; none for an empty file."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        header = [name.strip().lower() for name in next(csv.reader(file), [])]
    for name in header:
        if header.count(name) > 1:
            message = f"{path} has the column {name} more than once: rename one of them in its first line"
            raise LandingError(message)
    return header


class _Lines:
    """The lines of a file, of which those taken since the last record can be given back."""

    def __init__(self, file: Iterable[str]) -> None:
        self._file = iter(file)
        self._waiting: deque[str] = deque()
        self._taken: list[str] = []
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else next(self._file)
        self._taken.append(line)
        self._size += len(line)
        if len(self._taken) > 1 and self._size > MAX_LINE_BYTES:
            message = "no record is that long: a quote is not closed"
            raise csv.Error(message)
        return line

    def record(self) -> str:
        """Return the text of the record that was just read, and forget it."""
        text = "".join(self._taken)
        self._taken.clear()
        self._size = 0
        return text.rstrip("\r\n")

    def only_first(self) -> str:
        """Return the first line taken, and give the others back."""
        self._waiting.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]
        return self.record()


def _csv_as_json_lines(path: Path, header: list[str]) -> Iterator[str]:
    """Yield a JSON object per CSV record, or its text as a JSON string where it does not fit the header.

    Where a quote is never closed, only the line that opened it is lost.
    """
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        lines = _Lines(file)
        records = csv.reader(lines, strict=True)
        next(records)
        lines.record()
        while True:
            try:
                record = next(records)
                text = lines.record()
            except StopIteration:
                return
            except csv.Error:
                record = []
                text = lines.only_first()
                records = csv.reader(lines, strict=True)
            if not text.strip():
                continue
            readable = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            if len(record) == len(header) and readable == text:
                row = {name: value for name, value in zip(header, record, strict=True) if value}
                line = json.dumps(row, ensure_ascii=False)
                if len(line.encode()) <= MAX_LINE_BYTES:
                    yield line
                    continue
            # Escapes may make a text six times as long.
            yield json.dumps(_cut(readable, MAX_LINE_BYTES // 8), ensure_ascii=False)
