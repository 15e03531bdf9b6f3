"""Give random logs the forms that real ones have: other names of columns, rows without some values."""

import gzip
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from backports import zstd
from reference_rows import not_blank

Row = dict[str, object]

# Other names of columns besides their camelCase, in the order in which they count.
_OTHER_NAMES = {
    "occurred_at": ("timestamp", "created_at", "createdAt"),
    "recorded_at": ("timestamp", "created_at", "createdAt", "completed_at", "completedAt"),
}
_IDS = {"project_id": "projectId", "issue_id": "issueId", "session_id": "sessionId"}
_NUMBERS = ("cost_usd", "duration_ms")


def names_of(column: str) -> list[str]:
    """Return the names that a column may have, first the one that counts before all others."""
    first, *words = column.split("_")
    camel_case = first + "".join(word.capitalize() for word in words)
    return list(dict.fromkeys((column, camel_case, *_OTHER_NAMES.get(column, ()))))


def column_of(name: str) -> str:
    """Return the column that a name stands for; a time of the row for one that both logs have."""
    columns = ("occurred_at", "ingested_at", "recorded_at", "cost_usd", "duration_ms")
    return next((column for column in columns if name in names_of(column)), name)


def without_some_values(rng: random.Random, row: Row) -> Row:
    """Return a row that may lack the time of landing, or have ids in its payload instead of columns."""
    changed = dict(row)
    if rng.random() < 0.08:
        changed["ingested_at"] = None
    payload = changed.get("payload")
    if isinstance(payload, dict):
        for column, key in _IDS.items():
            if rng.random() < 0.1 and isinstance(changed.get(column), str):
                payload = payload | {key: changed[column] if rng.random() < 0.7 else "another"}
                if payload[key] == changed[column]:
                    changed[column] = None
        changed["payload"] = payload
    return changed


def respelled(
    rng: random.Random, rows: Sequence[Row], columns: Sequence[str], types: Mapping[str, str]
) -> tuple[list[Row], dict[str, str]]:
    """Return rows whose columns have other names, and the columns by these names.

    A column may have several names. Each row has its value under one of them: none comes before it that has
    a value, but names that come after it may have another one. It fits the column's type, if there is one.
    """
    names = {column: _some_names(rng, column) for column in columns}
    changed = []
    for row in rows:
        copy = {key: value for key, value in row.items() if key not in names}
        for column in [column for column in columns if column in row]:
            is_text = types.get(column, "VARCHAR") == "VARCHAR"
            copy |= _spread(rng, column, row[column], names[column], is_text=is_text)
        changed.append(copy)
    return changed, {name: column for column, chosen in names.items() for name in chosen}


def _some_names(rng: random.Random, column: str) -> list[str]:
    known = names_of(column)
    chosen = set(rng.sample(known, min(len(known), rng.choice([1, 1, 1, 2, 3]))))
    return [name for name in known if name in chosen]


def _spread(
    rng: random.Random, column: str, value: object, names: list[str], *, is_text: bool
) -> dict[str, object]:
    """Return the values of a row under the names of one column."""
    if not_blank(value) is None:
        return {rng.choice(names): value}
    place = rng.randrange(len(names))
    blanks = [None, None, "", " "] if is_text else [None]
    spread: dict[str, object] = {name: rng.choice(blanks) for name in names[:place] if rng.random() < 0.5}
    spread[names[place]] = value
    for name in names[place + 1 :]:
        if rng.random() < 0.5:
            decoy = (
                "1" if column in _NUMBERS else "2020-02-02T02:02:02Z" if column.endswith("_at") else "decoy"
            )
            spread[name] = rng.choice([None, value, decoy, *(["x"] if is_text else [])])
    return spread


def lines_of(path: Path) -> list[bytes]:
    """Return the lines of a file of text, compressed or not."""
    contents = path.read_bytes()
    match path.suffix:
        case ".gz":
            contents = gzip.decompress(contents)
        case ".zst":
            contents = zstd.decompress(contents)
    return contents.splitlines(keepends=True)


def write_lines(path: Path, lines: list[bytes]) -> None:
    """Write a file of text, compressed if its name says so."""
    contents = b"".join(lines)
    match path.suffix:
        case ".gz":
            contents = gzip.compress(contents)
        case ".zst":
            contents = zstd.compress(contents)
    path.write_bytes(contents)


def compressed(rng: random.Random, path: Path) -> Path:
    """Compress a file of text, as one archive or two, one after the other; return its new place."""
    ending = rng.choice([".gz", ".zst"])
    contents = path.read_bytes()
    cut = rng.choice([0, 0, len(contents), rng.randrange(len(contents) + 1)])
    pieces = [contents[:cut], contents[cut:]] if cut else [contents]
    archive = path.with_name(path.name + ending)
    archive.write_bytes(
        b"".join(gzip.compress(piece) if ending == ".gz" else zstd.compress(piece) for piece in pieces)
    )
    path.unlink()
    return archive
