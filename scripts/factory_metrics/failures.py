"""Say in a line what went wrong with the disk or with a database, and what to do."""

import errno
from pathlib import Path

import duckdb

from factory_metrics.project import UserError

# What the system and DuckDB say of a disk that is full.
_FULL_DISK = (
    "No space left on device",
    "Disk quota exceeded",
    "File too large",
    "failed to offload data block",  # what does not fit into memory
)

# What DuckDB says of a file that is no whole database.
_DAMAGE = ("Corrupt database file", "not a valid DuckDB database file", "Serialization Error")


def is_full_disk(text: str) -> bool:
    """Tell whether an error's text says that the disk is full."""
    return any(sign in text for sign in _FULL_DISK)


def is_damage(text: str) -> bool:
    """Tell whether an error's text says that a database is damaged."""
    return any(sign in text for sign in _DAMAGE)


def explain(error: BaseException, folder: Path) -> str:
    """Return what went wrong in a folder and, where that is not clear, what to do."""
    text, line = str(error), first_line(error)
    if is_full_disk(text) or getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT}:
        return f"the disk is full ({line}): make room for {folder}, and run again"
    # a UserError says itself what to do
    if is_damage(text) and not isinstance(error, UserError):
        return (
            f"a database in {folder} is damaged ({line}): if it is the published version, choose another "
            "with scripts/rollback.py; if it is build/passed.duckdb, remove it, and let rejected rows "
            "pass once more; if it is build/history.duckdb, put it back from a copy; or use "
            "--full-refresh to start over with the logs that are there"
        )
    return line if isinstance(error, duckdb.Error) else text or line


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, as DuckDB's go on with advice to programmers."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
