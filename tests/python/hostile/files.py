"""Files of every format that hold rows, with unreadable lines between them.

The same random state gives the same files.
"""

import csv
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import duckdb
import real_forms
from reference_rows import (
    as_instant,
)

from hostile.columns import CONTENT_COLUMNS, LOGS, MEASURE_COLUMNS, OPTIONAL_COLUMNS, TIMESTAMP_COLUMNS, Row
from hostile.instants import offset_text
from hostile.typed import FileSpec, fits, is_short_number, load_typed, native_types, plain_text

# Lines of a JSON Lines file that are not JSON; a line of a CSV file is made bad by its number of fields.
UNREADABLE_LINES = (
    "oops",
    "{",
    '{"id": "x"',
    "{'id': 'x'}",
    "{id: 1}",
    '{"id": "x", "payload": {"stage": "qa"}',
    '{"id": "x"} and {"id": "y"}',
    '{"id": "x"}}',
    '{"id": "tab\tinside"}',
    "a\x01b",
    'a "quoted" word, and a comma',
    '"',
    "2026-06-01,x,y",
    "undefined",
    "-",
)

# Columns that the logs do not have, some with names that a reader may want for itself.
EXTRA_COLUMNS = ("region", "note", "rule", "record", "origin", "filename", "line", "row_number")


@dataclass(frozen=True)
class Landed:
    """What was written besides the rows: the unreadable lines, by log."""

    unreadable: dict[str, list[str]]


def write_logs(
    folder: Path, events: Iterable[Row], runs: Iterable[Row], rng: random.Random, prefix: str = ""
) -> Landed:
    """Spread the rows of both logs over files of all formats below a folder, with unreadable lines between.

    Files that are there stay; give each call its own prefix to land batch after batch.
    """
    unreadable: dict[str, list[str]] = {}
    for (log, columns), rows in zip(LOGS.items(), (events, runs), strict=True):
        target = folder / log
        target.mkdir(parents=True, exist_ok=True)
        unreadable[log] = []
        specs = [_file_spec(rng, log, f"{prefix}{number}") for number in range(rng.randint(5, 9))]
        fallback = FileSpec(f"{prefix}fallback.jsonl")
        for row in rows:
            fitting = [spec for spec in specs if fits(row, spec)]
            rng.choice(fitting or [fallback]).rows.append(row)
        for spec in [*specs, fallback]:
            path = target / spec.name
            kept = [column for column in columns if column not in spec.without]
            rng.shuffle(kept)
            if rng.random() < 0.6:
                spec.rows, names = real_forms.respelled(rng, spec.rows, kept, spec.types)
                kept, spec.types = list(names), {n: spec.types[c] for n, c in names.items() if spec.types}
            if spec.suffix == "parquet":
                _write_parquet(path, kept, spec, rng)
            elif spec.suffix == "csv":
                unreadable[log] += _write_csv(path, kept, spec, rng)
            else:
                unreadable[log] += _write_json_lines(path, kept, spec, rng)
            if spec.suffix != "parquet" and rng.random() < 0.2:
                real_forms.compressed(rng, path)
    return Landed(unreadable)


def _file_spec(rng: random.Random, log: str, stem: str) -> FileSpec:
    """Choose a file's format, columns and types."""
    suffix = rng.choice(["jsonl", "jsonl", "ndjson", "json", "csv", "csv", "parquet", "parquet", "parquet"])
    without = tuple(column for column in OPTIONAL_COLUMNS[log] if rng.random() < 0.15)
    spec = FileSpec(f"{stem} part.{suffix}" if rng.random() < 0.3 else f"{stem}.{suffix}", without)
    if rng.random() < 0.4:
        spec.extra = rng.choice(EXTRA_COLUMNS)
    if suffix == "parquet":
        spec.types = native_types(rng, log, native=rng.random() < 0.8)
    return spec


def _other_form(rng: random.Random, column: str, value: object) -> object:
    """Return a timestamp in another form, and any other value as it is."""
    at = as_instant(value) if real_forms.column_of(column) in TIMESTAMP_COLUMNS else None
    return value if at is None or rng.random() < 0.4 else offset_text(rng, at)


def _write_parquet(path: Path, columns: list[str], spec: FileSpec, rng: random.Random) -> None:
    """Write a Parquet file with the types of its spec."""
    spec.rows = [{c: _other_form(rng, c, v) for c, v in row.items()} for row in spec.rows]
    with duckdb.connect() as connection:
        source = load_typed(connection, columns, spec, path.with_suffix(".tmp"))
        connection.execute(f"copy ({source}) to '{path}' (format parquet)")
    path.with_suffix(".tmp").unlink()


def _write_csv(path: Path, columns: list[str], spec: FileSpec, rng: random.Random) -> list[str]:
    """Write a CSV file and return its unreadable lines."""
    header = [*columns, spec.extra] if spec.extra else columns
    quoting: list[int] = [csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL]
    style = rng.choice(quoting)
    lines = [_csv_line(header, csv.QUOTE_MINIMAL)]
    unreadable = []
    for row in spec.rows:
        values = {c: plain_text(_other_form(rng, c, v)) for c, v in row.items()}
        line = _csv_line([values.get(c) or "" for c in columns] + (["x, y"] if spec.extra else []), style)
        lines.append(line)
        if rng.random() < 0.02:
            bad = rng.choice([line + ",", line + ",more,fields", f"{rng.randrange(99)},b", "oops", "a,,,b"])
            unreadable.append(bad)
            lines.append(bad)
        if rng.random() < 0.01:
            lines.append("")
    ends = rng.choice([["\n"], ["\n"], ["\r\n"], ["\r\n", "\n"]])
    text = "".join(line + rng.choice(ends) for line in lines)
    if rng.random() < 0.3:
        text = text.rstrip("\r\n")  # the last line may lack its end
    path.write_bytes(text.encode())
    return unreadable


def _csv_line(values: Sequence[str], quoting: int) -> str:
    """Return a CSV line without its end."""
    buffer = StringIO()
    csv.writer(buffer, quoting=quoting, lineterminator="").writerow(values)  # type: ignore[arg-type]
    return buffer.getvalue()


def _write_json_lines(path: Path, columns: list[str], spec: FileSpec, rng: random.Random) -> list[str]:
    """Write a JSON Lines file and return its unreadable lines."""
    lines = []
    unreadable = []
    for row in spec.rows:
        # An object without the key `id` could be taken for a page of rows.
        keys = [c for c in columns if row.get(c) is not None or rng.random() < 0.5 or (row and c == "id")]
        rng.shuffle(keys)
        tokens = [f"{json.dumps(c)}: {_json_token(rng, c, row.get(c))}" for c in keys]
        if spec.extra and row and rng.random() < 0.5:
            tokens.append(f'"{spec.extra}": {rng.choice(["null", "5", "[1, {}]"])}')
        line = "{" + rng.choice([", ", ","]).join(tokens) + "}"
        if not row and rng.random() < 0.7:
            line = rng.choice(["42", "null", '"text"', "true", "0.5"])
        lines.append(rng.choice(["", "", "", "", " ", "\t"]) + line)
        if rng.random() < 0.02:
            unreadable.append(rng.choice(UNREADABLE_LINES))
            lines.append(unreadable[-1])
        if rng.random() < 0.02:
            lines.append(rng.choice(["", " "]))
    ends = rng.choice([["\n"], ["\n"], ["\r\n"], ["\r\n", "\n"]])
    path.write_bytes("".join(line + rng.choice(ends) for line in lines).encode())
    return unreadable


def _json_token(rng: random.Random, column: str, value: object) -> str:
    """Return a column's value in one of the forms that a JSON line may have it in."""
    ascii_only = rng.random() < 0.5
    value = _other_form(rng, column, value)
    if column in CONTENT_COLUMNS:
        text = json.dumps(value, ensure_ascii=ascii_only)
        as_string = isinstance(value, dict) and rng.random() < 0.5
        return json.dumps(text, ensure_ascii=ascii_only) if as_string else text
    if real_forms.column_of(column) in MEASURE_COLUMNS and not isinstance(value, (bool, dict, list)):
        text = str(value)
        if value is not None and is_short_number(text) and rng.random() < 0.5:
            return text
        return json.dumps(text if value is not None else None)
    if isinstance(value, str) and value.isdigit() and value.isascii() and str(int(value)) == value:
        # The id "7" may be landed as the number 7; a timestamp may not.
        return value if column.endswith("id") and rng.random() < 0.5 else json.dumps(value)
    return json.dumps(value, ensure_ascii=ascii_only)
