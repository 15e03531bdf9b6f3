"""Read the lines that users add to the project's seeds: files of the same names in a folder of theirs."""

import csv
from collections.abc import Collection
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec

from factory_metrics.logs.log_rows import BLANKS
from factory_metrics.project import ROOT

# The seeds that users may add to, each with the columns that a user's file may lack.
NAMES = {"station_aliases": ("org_id",), "model_prices": (), "model_providers": ()}


class OwnSeedError(Exception):
    """A file that cannot be read as lines of a seed; the message says what, where and how to fix it."""


class SeedLine(msgspec.Struct, frozen=True):
    """A line of a seed: the text of each of the seed's columns by name, and the line as a whole."""

    values: dict[str, str]
    line: str
    file: str
    line_number: int

    def fields(self) -> dict[str, str | int]:
        """Return it as one flat row."""
        return {**self.values, "line": self.line, "file": self.file, "line_number": self.line_number}


def own_seed_files(folder: str) -> list[Path]:
    """Return the files of users' lines in a folder, by name.

    Raises:
        OwnSeedError: there is no such folder, or it has a CSV file that is none of a seed's.

    """
    root = Path(folder).absolute()
    if not root.is_dir():
        message = f"seeds_path names {root}, which is no folder: create it, or fix the var"
        raise OwnSeedError(message)
    known = {f"{name}.csv" for name in NAMES}
    found = sorted(path for path in root.iterdir() if path.suffix.lower() == ".csv")
    for path in found:
        if path.name not in known:
            message = f"{path} is none of {', '.join(sorted(known))}: rename it, or move it out of seeds_path"
            raise OwnSeedError(message)
    return found


def read_own_seed(folder: str, name: str, columns: list[str]) -> list[SeedLine]:
    """Return the user's lines of a seed; none where the folder has no file of its name.

    Raises:
        OwnSeedError: the file is no CSV of the seed's columns.

    """
    path = Path(folder).absolute() / f"{name}.csv"
    if path not in own_seed_files(folder):
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = StringIO(file.read(), newline="")
    except (OSError, UnicodeError) as error:
        message = (
            f"{path} cannot be read as text in UTF-8 ({error}): write it like {ROOT / 'seeds' / path.name}"
        )
        raise OwnSeedError(message) from error
    reader = csv.reader(text, strict=True)
    try:
        return _lines(path, reader, columns, optional=NAMES[name])
    except csv.Error as error:
        message = (
            f"{path} line {reader.line_num} cannot be read as CSV ({error}): "
            f"write it like the lines of {ROOT / 'seeds' / path.name}"
        )
        raise OwnSeedError(message) from error


def _lines(path: Path, reader: Any, columns: list[str], optional: Collection[str]) -> list[SeedLine]:  # noqa: ANN401 - csv's readers have no type
    header = [name.strip().lower() for name in next(filter(_has_text, reader), [])]
    lacking = {*columns} - {*header}
    if header and (not {*header} <= {*columns} or len({*header}) < len(header) or not lacking <= {*optional}):
        wanted = ", ".join(f"{name} (optional)" if name in optional else name for name in columns)
        message = f"{path} has the columns {', '.join(header)}, not {wanted}: name these in its first line"
        raise OwnSeedError(message)
    found = []
    begins_at = reader.line_num + 1
    for record in reader:
        line_number, begins_at = begins_at, reader.line_num + 1
        if not _has_text(record):
            continue
        if len(record) != len(header):
            message = (
                f"{path} line {line_number} has {len(record)} values for {len(header)} columns: fix that line"
            )
            raise OwnSeedError(message)
        values = dict.fromkeys(columns, "") | dict(zip(header, record, strict=True))
        found.append(SeedLine(values, ",".join(values[name] for name in columns), str(path), line_number))
    return found


def _has_text(record: list[str]) -> bool:
    return any(value.strip(BLANKS) for value in record)
