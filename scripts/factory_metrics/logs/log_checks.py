"""Recognize files that are not what their names and folders say."""

import re
from itertools import islice
from pathlib import Path

import msgspec
from msgspec import Raw

from factory_metrics.logs.json_files import rows_of_json_file
from factory_metrics.logs.log_rows import CSV_SUFFIXES, BadFileError, Row

# How files of other kinds begin.
_SIGNATURES = {
    b"\x1f\x8b": "compressed by gzip: let its name end in .gz, too, or decompress it (`gunzip`)",
    b"\x28\xb5\x2f\xfd": "compressed by zstd: let its name end in .zst, too, or decompress it (`unzstd`)",
    b"BZh": "compressed by bzip2: decompress it (`bunzip2`)",
    b"\xfd7zXZ": "compressed by xz: decompress it (`unxz`)",
    b"PK\x03\x04": "a ZIP archive: unpack it",
    b"PAR1": "Parquet: let its name end in .parquet",
}
# With its mark, or ASCII without one.
_UTF_16 = re.compile(rb"\xff\xfe|\xfe\xff|([^\0]\0){2}|(\0[^\0]){2}")

# What tells rows of a log: a column that all have, and others that none of the other log's have.
_OWN_COLUMNS = {
    "factory_events": ({"event_type"}, {"event_type", "occurred_at"}),
    "factory_metrics": ({"station"}, {"station", "recorded_at"}),
}
_CAPITAL = re.compile("[A-Z]")
_SAMPLE_ROWS = 100


def check_beginning(path: Path) -> None:
    """Check that a file is text, by how it begins.

    Raises:
        BadFileError: it is something else.

    """
    with path.open("rb") as file:
        beginning = file.read(8)
    for signature, what in _SIGNATURES.items():
        if beginning.startswith(signature):
            raise BadFileError(path, f"is {what}")
    # Lines of JSON in UTF-16 are rejected one by one; of CSV there would not even be columns.
    if path.suffix.lower() in CSV_SUFFIXES and _UTF_16.match(beginning):
        raise BadFileError(path, "is UTF-16: write it as UTF-8 (`iconv -f UTF-16 -t UTF-8`)")


def check_log(path: Path, log: str) -> None:
    """Check that not all rows at the beginning of a JSON file are the other log's.

    Raises:
        BadFileError: they are.

    """
    if log not in _OWN_COLUMNS:
        return
    _, own = _OWN_COLUMNS[log]
    others = list(_OWN_COLUMNS)
    row = None
    for row in islice(rows_of_json_file(path), _SAMPLE_ROWS):
        if others:  # mostly none are left after the first row
            keys = _keys(row)
            others = [other for other in others if _OWN_COLUMNS[other][0] <= keys and not own & keys]
    if row and others:
        problem = f"has rows of {others[0]}, not of {log}: move it to the folder {others[0]}"
        raise BadFileError(path, problem)


def _keys(row: Row) -> set[str]:
    """Return the names of a row's columns in snake_case."""
    try:
        keys = msgspec.json.decode(row.text, type=dict[str, Raw]) if row.is_readable else {}
    except (msgspec.DecodeError, RecursionError):
        return set()
    return {_CAPITAL.sub(lambda capital: "_" + capital[0].lower(), key) for key in keys}
