"""What readers of log files share: rows as they arrive, and the lines of working copies that hold them."""

import json
from pathlib import Path
from typing import NamedTuple

PARQUET_SUFFIXES = (".parquet", ".pq")
JSON_LINES_SUFFIXES = (".jsonl", ".ndjson", ".json")
CSV_SUFFIXES = (".csv",)

# The longest line that DuckDB reads, and the byte that separates them (macros/engine/duckdb/read_lines.sql):
# no line that has it is read from the file itself.
MAX_LINE_BYTES = 16 * 1024 * 1024
SEPARATOR = b"\x01"

# What is white space to JSON. A line of other white space is no row, but it is not blank.
BLANKS = " \t\r\n"


class LandingError(Exception):
    """A log that cannot be read; the message says what, where and how to fix it."""


class BadFileError(LandingError):
    """A file of a log that cannot be read; runs/dbt_runs.py knows the message by its first words."""

    def __init__(self, path: Path | str, problem: str) -> None:
        """Say what is wrong with a file, and how to fix it."""
        super().__init__(f"log file {path} {problem}")


class Row(NamedTuple):
    """A row as it arrived, a JSON value on one line; one that is not readable is any text in its place."""

    text: str
    is_readable: bool = True


def line_of_copy(row: Row) -> str:
    """Return the line of a working copy for a row: its JSON value, or its text as a JSON string.

    A row that is itself a JSON string begins with a blank. One that is too long is cut off, and not readable.
    """
    if row.is_readable and fits(row.text):
        return f" {row.text}" if row.text.startswith('"') else row.text
    text = json.dumps(shown(row.text), ensure_ascii=False)
    if not fits(text):
        # Escapes may make a text six times as long.
        text = json.dumps(_cut(shown(row.text), MAX_LINE_BYTES // 8), ensure_ascii=False)
    return text


def shown(text: str) -> str:
    r"""Return text with `\xff` for each byte that was not UTF-8, and that Python has as half a surrogate."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def fits(text: str) -> bool:
    """Tell whether DuckDB reads the text as one line."""
    return len(text) * 4 < MAX_LINE_BYTES or len(text.encode("utf-8", "surrogateescape")) < MAX_LINE_BYTES


def _cut(text: str, size: int) -> str:
    """Return the text as far as it fits into so many bytes of UTF-8."""
    return text.encode()[:size].decode(errors="ignore")
