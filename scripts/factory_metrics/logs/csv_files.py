"""Read CSV files: a row for each record that fits the header, and the text of every other one."""

import csv
import json
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from factory_metrics.logs.log_rows import BLANKS, MAX_LINE_BYTES, BadFileError, Row, fits, shown

csv.field_size_limit(sys.maxsize)

_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def csv_header(path: Path) -> list[str]:
    """Return the names in a CSV file's first record, in lower case; none for a file that is blank.

    Raises:
        BadFileError: columns cannot be told by them.

    """
    with _open(path) as file:
        return _header(path, _Lines(file))


def rows_of_csv_file(path: Path) -> Iterator[Row]:
    """Yield the rows of a CSV file: JSON objects of texts.

    Where a quote is never closed, only the line that opened it is lost.
    """
    with _open(path) as file:
        lines = _Lines(file)
        header = _header(path, lines)
        records = csv.reader(lines, strict=True)
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
            if not text.strip(BLANKS):
                continue
            if len(record) == len(header) and shown(text) == text:
                row = {name: value for name, value in zip(header, record, strict=True) if value}
                line = json.dumps(row, ensure_ascii=False)
                if fits(line):
                    yield Row(line)
                    continue
            yield Row(text, is_readable=False)


def _open(path: Path) -> TextIO:
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")


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


def _header(path: Path, lines: _Lines) -> list[str]:
    """Read the first record that is not blank."""
    try:
        for record in csv.reader(lines, strict=True):
            if lines.record().strip(BLANKS):
                header = [shown(name).strip().lower() for name in record]
                _check_header(path, header)
                return header
    except csv.Error as error:
        problem = "has a quote in its first line that is not closed, or has text after it: fix that line"
        raise BadFileError(path, problem) from error
    return []


def _check_header(path: Path, header: list[str]) -> None:
    """Check that columns can be told by their names; one without a name may be there."""
    problem = None
    if any("\n" in name or "\r" in name for name in header):
        problem = "has a quote in its first line that is not closed there: fix that line"
    elif len(header) == 1 and (
        others := [name for sign, name in _OTHER_DELIMITERS.items() if sign in header[0]]
    ):
        problem = f"has {others[0]} between its columns: write it with commas"
    elif header.count("") > 1:
        problem = (
            f"has {header.count('')} columns without a name: name them in its first line, or remove "
            "the commas that are too many from all lines"
        )
    elif repeated := [name for name in header if header.count(name) > 1]:
        problem = f"has the column {repeated[0]} more than once: rename one of them in its first line"
    if problem:
        raise BadFileError(path, problem)
