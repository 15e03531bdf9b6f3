"""Recognize files that are not what their names and folders say."""

from itertools import islice
from pathlib import Path

import msgspec
from msgspec import Raw

from factory_metrics.logs.json_files import rows_of_json_file
from factory_metrics.logs.log_rows import CSV_SUFFIXES, BadFileError, Row

# How files of other kinds begin.
_SIGNATURES = {
    b"\x1f\x8b": "compressed by gzip: decompress it (`gunzip`)",
    b"\x28\xb5\x2f\xfd": "compressed by zstd: decompress it (`unzstd`)",
    b"BZh": "compressed by bzip2: decompress it (`bunzip2`)",
    b"\xfd7zXZ": "compressed by xz: decompress it (`unxz`)",
    b"PK\x03\x04": "a ZIP archive: unpack it",
    b"PAR1": "Parquet: let its name end in .parquet",
}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")

# What rows of the logs have in common with each other, but not with the other log's.
_OWN_COLUMNS = {
    "factory_events": {"event_type", "occurred_at"},
    "factory_metrics": {"station", "recorded_at"},
}
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
    if path.suffix.lower() in CSV_SUFFIXES and beginning.startswith(_UTF_16):
        raise BadFileError(path, "is UTF-16: write it as UTF-8 (`iconv -f UTF-16 -t UTF-8`)")


def check_log(path: Path, log: str) -> None:
    """Check that not all rows at the beginning of a JSON file are the other log's.

    Raises:
        BadFileError: they are.

    """
    own = _OWN_COLUMNS.get(log)
    if not own:
        return
    sample = [_keys(row) for row in islice(rows_of_json_file(path), _SAMPLE_ROWS)]
    for other, columns in _OWN_COLUMNS.items():
        if sample and all(columns <= keys and not own & keys for keys in sample):
            raise BadFileError(path, f"has rows of {other}, not of {log}: move it to the folder {other}")


def _keys(row: Row) -> set[str]:
    try:
        return set(msgspec.json.decode(row.text, type=dict[str, Raw])) if row.is_readable else set()
    except (msgspec.DecodeError, RecursionError):
        return set()
