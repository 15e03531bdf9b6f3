"""Values in typed columns, of Parquet files and of tables: which of them fit, and how they get there."""

import json
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import duckdb
from reference_rows import (
    DAY,
    as_instant,
    not_blank,
)

from hostile.columns import CONTENT_COLUMNS, EVENT_COLUMNS, LOGS, RUN_COLUMNS, TIMESTAMP_COLUMNS, Row
from hostile.instants import iso

# Numbers that a double holds without a loss.
_SHORT_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")

_PAYLOAD_TYPES = {
    "stage": "VARCHAR",
    "fromStage": "VARCHAR",
    "toStage": "VARCHAR",
    "reason": "VARCHAR",
    "result": "VARCHAR",
    "escalationStrategy": "VARCHAR",
    "reviewerId": "VARCHAR",
    "approved": "BOOLEAN",
    "comment": "VARCHAR",
    "duration": "DOUBLE",
    "pipelineId": "VARCHAR",
    "name": "VARCHAR",
    "trigger": "VARCHAR",
    "branch": "VARCHAR",
    "commit": "VARCHAR",
    "status": "VARCHAR",
    "deploymentId": "VARCHAR",
    "version": "VARCHAR",
    "environment": "VARCHAR",
    "committedAt": "VARCHAR",
    "deployedBy": "VARCHAR",
    "isRollback": "BOOLEAN",
    "rollbackOf": "VARCHAR",
    "incidentId": "VARCHAR",
    "title": "VARCHAR",
    "severity": "VARCHAR",
    "issueId": "VARCHAR",
    "sessionId": "VARCHAR",
    "projectId": "VARCHAR",
    "costUsd": "DOUBLE",
    "cost": "DOUBLE",
    "durationMs": "DOUBLE",
    "workType": "VARCHAR",
}

# What a run's metadata has, and the payload of an event that tells of one.
_METADATA_TYPES = {
    "provider": "VARCHAR",
    "model": "VARCHAR",
    "inputTokens": "DOUBLE",
    "outputTokens": "DOUBLE",
    "cacheReadTokens": "DOUBLE",
    "cacheWriteTokens": "DOUBLE",
}

_STRUCTS = {"payload": _PAYLOAD_TYPES | _METADATA_TYPES, "metadata": _METADATA_TYPES}


@dataclass
class FileSpec:
    """One file to write: its format, the columns that it lacks, one that it has besides, and DuckDB types."""

    name: str
    without: tuple[str, ...] = ()
    extra: str | None = None
    types: dict[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    @property
    def suffix(self) -> str:
        """The ending of the name: csv, parquet, or one of those for JSON Lines."""
        return self.name.rsplit(".", 1)[1]


def append_to_tables(database: Path, schema: str, events: Iterable[Row], runs: Iterable[Row]) -> None:
    """Land rows of both logs in tables of a DuckDB file: events in native types where they fit, runs as text.

    An event that does not fit is left out, which is fine for one that is rejected anyway.
    """
    types = dict.fromkeys(EVENT_COLUMNS, "VARCHAR")
    types |= {"occurred_at": "TIMESTAMPTZ", "ingested_at": "TIMESTAMP", "payload": "JSON"}
    native = FileSpec("factory_events.parquet", types=types)
    plain = FileSpec("factory_metrics.parquet", types=dict.fromkeys(RUN_COLUMNS, "VARCHAR"))
    native.rows = [row for row in events if fits(row, native)]
    plain.rows = list(runs)
    with duckdb.connect(str(database)) as connection:
        connection.execute(f'create schema if not exists "{schema}"')
        for log, spec in (("factory_events", native), ("factory_metrics", plain)):
            source = load_typed(connection, LOGS[log], spec, database.with_suffix(".json"))
            connection.execute(f'create table if not exists "{schema}".{log} as {source} limit 0')
            connection.execute(f'insert into "{schema}".{log} {source}')


def native_types(rng: random.Random, log: str, *, native: bool) -> dict[str, str]:
    """Choose the DuckDB types of a typed file's columns."""
    types = dict.fromkeys(LOGS[log], "VARCHAR")
    if not native:
        return types
    for column in types:
        if column in TIMESTAMP_COLUMNS:
            types[column] = rng.choice(["TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP_NS", "VARCHAR"])
        elif column in CONTENT_COLUMNS:
            types[column] = rng.choice(["STRUCT", "JSON", "JSON", "VARCHAR"])
        elif column == "cost_usd":
            types[column] = rng.choice(["DECIMAL(18,9)", "DECIMAL(38,9)", "DOUBLE", "VARCHAR"])
        elif column == "duration_ms":
            types[column] = rng.choice(["BIGINT", "INTEGER", "DOUBLE", "DECIMAL(18,3)", "VARCHAR"])
    return types


def fits(row: Row, spec: FileSpec) -> bool:
    """Tell whether a file can hold a row without changing its meaning."""
    if any(row.get(column) is not None for column in spec.without):
        return False
    if spec.suffix == "csv" and any(re.search(r"[\r\n]", plain_text(value) or "") for value in row.values()):
        return False  # a test of its own has line breaks inside a field
    return all(_fits_type(column, row.get(column), kind) for column, kind in spec.types.items())


def _fits_type(column: str, value: object, kind: str) -> bool:
    """Tell whether a column of a DuckDB type can hold a value."""
    if not_blank(value) is None or kind == "VARCHAR":
        return True
    if kind.startswith("TIMESTAMP"):
        at = as_instant(value)
        return at is not None and (kind != "TIMESTAMP_NS" or abs(at) < 200 * 365 * DAY)
    if kind == "JSON":
        return isinstance(value, dict)
    if kind == "STRUCT":
        return isinstance(value, dict) and all(_fits_key(_STRUCTS[column], k, v) for k, v in value.items())
    return not isinstance(value, (bool, dict, list)) and _fits_number(str(value), kind)


def _fits_number(text: str, kind: str) -> bool:
    """Tell whether a numeric type can hold a number without a loss."""
    if kind == "DOUBLE" and text in ("NaN", "inf", "-Infinity", "infinity"):
        return True
    if kind == "DOUBLE" or not is_short_number(text):
        return is_short_number(text)
    number = Decimal(text)
    decimals = {"DECIMAL(18,9)": 9, "DECIMAL(38,9)": 9, "DECIMAL(18,3)": 3}.get(kind, 0)
    return abs(number) < 10**9 and number == round(number, decimals)


def _fits_key(types: dict[str, str], key: str, value: object) -> bool:
    """Tell whether a struct can hold a key's value; it drops the keys that it does not know."""
    kind = types.get(key)
    if value is None or kind is None:
        return True
    if kind == "VARCHAR":
        return isinstance(value, str)
    if kind == "BOOLEAN":
        return isinstance(value, bool)
    return isinstance(value, (int, float)) and not isinstance(value, bool) and float(value) == value


def is_short_number(text: str) -> bool:
    """Tell whether a text is a JSON number that a double holds without a loss."""
    if not _SHORT_NUMBER.fullmatch(text):
        return False
    exponent = abs(Decimal(text).adjusted())
    return exponent < 30 and len(Decimal(text).as_tuple().digits) <= 15


def plain_text(value: object) -> str | None:
    """Return a value as a text column holds it."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def load_typed(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[str], spec: FileSpec, scratch: Path
) -> str:
    """Put rows as text in a scratch file and return the query that reads them in the types of the spec."""
    connection.execute("set TimeZone = 'UTC'")
    lines = [
        {c: _native_text(spec.types[c], row.get(c)) for c in columns} | {"extra": "x"} for row in spec.rows
    ]
    scratch.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    described = ", ".join(f"{column}: 'VARCHAR'" for column in (*columns, "extra"))
    selected = [_cast(column, spec.types[column]) for column in columns]
    if spec.extra:
        selected.append(f'extra as "{spec.extra}"')
    return (
        f"select {', '.join(selected)} from "
        f"read_json('{scratch}', format = 'newline_delimited', columns = {{{described}}})"
    )


def _native_text(kind: str, value: object) -> str | None:
    """Return a value as the text that DuckDB casts to a type."""
    if kind != "VARCHAR" and not_blank(value) is None:
        return None
    if kind.startswith("TIMESTAMP"):
        at = as_instant(value)
        return None if at is None else iso(at).removesuffix("Z").replace("T", " ")
    if kind.startswith("DECIMAL") and value is not None:
        return f"{Decimal(str(value)):f}"  # DuckDB casts no exponents to decimals
    return plain_text(value)


def _cast(column: str, kind: str) -> str:
    """Return the expression that turns a column's text into a type."""
    if kind == "STRUCT":
        shape = json.dumps(_STRUCTS[column])
        return f"from_json({column}, '{shape}') as {column}"
    return f"cast({column} as {kind}) as {column}"
