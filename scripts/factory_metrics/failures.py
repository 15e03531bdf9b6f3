"""Say in a line what went wrong with the disk or with a database, and what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
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


def is_full_disk(error: BaseException) -> bool:
    """Tell whether an error says that the disk is full."""
    return getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT} or any(
        sign in str(error) for sign in _FULL_DISK
    )


def is_damage(text: str) -> bool:
    """Tell whether an error's text says that a database is damaged."""
    return any(sign in text for sign in _DAMAGE)


def explain(error: BaseException, place: Path) -> str:
    """Return what went wrong where a command writes, with what to do when the disk is full."""
    line = first_line(error)
    # a UserError says itself what to do
    if is_full_disk(error) and not isinstance(error, UserError):
        return f"the disk is full ({line}): make room for {place}, and run again"
    return line if isinstance(error, duckdb.Error) else str(error) or line


@contextmanager
def full_disk_named(place: Path) -> Iterator[None]:
    """Say of a full disk where it is, which the system often does not.

    Raises:
        UserError: the disk is full.

    """
    try:
        yield
    except OSError as error:
        if not is_full_disk(error):
            raise
        raise UserError(explain(error, place)) from error


def explain_in_home(error: BaseException, home: Path) -> str:
    """Return what went wrong in a home, with what to do when the disk is full or a database is damaged."""
    if is_damage(str(error)) and not isinstance(error, UserError):
        return (
            f"a database in {home} is damaged ({first_line(error)}): if it is the published version, "
            "choose another with scripts/rollback.py; if it is build/passed.duckdb, remove it, and let "
            "rejected rows pass once more; if it is build/history.duckdb, put it back from a copy; or use "
            "--full-refresh to start over with the logs that are there"
        )
    return explain(error, home)


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, as DuckDB's go on with advice to programmers."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
