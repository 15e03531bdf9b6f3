"""Find the files of a raw log and say how to read each of them.

Parquet is read as it is. Text is read line by line, so that a line that is no row is kept, not lost:
DuckDB's own readers of JSON Lines and CSV drop or reshape such lines.
"""

import csv
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
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


class LogFiles:
    """Reads log folders; working copies of files live as long as this object."""

    def __init__(self) -> None:
        """Start with no working copies."""
        self._copies = tempfile.TemporaryDirectory(prefix="factory-logs-")

    def parts(self, folder: str) -> list[Part]:
        """Return the parts of the log in `folder`; none when it is empty.

        Folders below it belong to it. Names that begin with `_` or `.` are other tools' marks, and skipped.

        Raises:
            LandingError: the folder is missing, or a file is broken or of an unknown kind.

        """
        root = Path(folder).absolute()
        if not root.is_dir():
            message = f"the log folder {root} does not exist: create it (it may be empty), or mend raw_path"
            raise LandingError(message)
        prefix = self._copies.name
        parts: dict[tuple[object, ...], Part] = {}
        for path in _files(root):
            suffix = path.suffix.lower()
            if suffix in PARQUET_SUFFIXES:
                part = Part("parquet", [_escaped(path)], _parquet_columns(path))
            elif suffix in JSON_LINES_SUFFIXES and _is_plain(path):
                part = Part("json_lines", [_escaped(path)])
            elif suffix in JSON_LINES_SUFFIXES:
                part = Part("json_lines", [_escaped(self._copy(path, _plain_lines(path)))], prefix=prefix)
            elif suffix in CSV_SUFFIXES:
                columns = dict.fromkeys(_csv_header(path), "VARCHAR")
                if not columns:
                    continue
                copy = self._copy(path, _csv_as_json_lines(path))
                part = Part("csv_lines", [_escaped(copy)], columns, prefix)
            else:
                known = ", ".join(PARQUET_SUFFIXES + JSON_LINES_SUFFIXES + CSV_SUFFIXES)
                message = f"{path} is of an unknown kind: rename it to end in one of {known}, or move it away"
                raise LandingError(message)
            alike = (part.kind, part.prefix, *part.columns.items())
            parts.setdefault(alike, part.with_no_paths()).paths.extend(part.paths)
        return list(parts.values())

    def _copy(self, path: Path, lines: Iterable[str]) -> Path:
        copy = Path(self._copies.name + str(path))
        copy.parent.mkdir(parents=True, exist_ok=True)
        with copy.open("w", encoding="utf-8", newline="") as file:
            file.writelines(line + "\n" for line in lines)
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
                "select lower(column_name), column_type from (describe select * from read_parquet(?))",
                [_escaped(path)],
            ).fetchall()
    except duckdb.Error as error:
        message = (
            f"{path} cannot be read as Parquet ({str(error).splitlines()[0]}): replace it or move it away"
        )
        raise LandingError(message) from error
    return dict(rows)


def _is_plain(path: Path) -> bool:
    """Tell whether DuckDB can read all lines: none of them too long, all of them UTF-8."""
    try:
        with path.open("rb") as file:
            return all(len(line) <= MAX_LINE_BYTES and line.decode() is not None for line in file)
    except UnicodeDecodeError:
        return False


def _plain_lines(path: Path) -> Iterator[str]:
    r"""Yield the file's lines as DuckDB can read them; what they were is no JSON, and stays none.

    Bytes that are not UTF-8 become `\xff`, and lines that are too long are cut off.
    """
    with path.open(encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        for line in file:
            yield line.rstrip("\r\n").encode()[:MAX_LINE_BYTES].decode(errors="ignore")


def _csv_header(path: Path) -> list[str]:
    """Return the names in a CSV file's first record, none for an empty file."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        return [name.strip().lower() for name in next(csv.reader(file), [])]


def _csv_as_json_lines(path: Path) -> Iterator[str]:
    """Yield a JSON object per CSV record, or its text as a JSON string where it does not fit the header."""
    header = _csv_header(path)
    consumed: list[str] = []

    def remembered(lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            consumed.append(line)
            yield line

    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        records = csv.reader(remembered(file))
        next(records)
        consumed.clear()
        for record in records:
            text = "".join(consumed).rstrip("\r\n")
            consumed.clear()
            if not text.strip():
                continue
            readable = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            if len(record) == len(header) and readable == text:
                yield json.dumps({name: value for name, value in zip(header, record, strict=True) if value})
            else:
                yield json.dumps(readable)
