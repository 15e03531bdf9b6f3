"""Write and remove documents' files, so that a reader never sees half of one."""
# Names of files are text here, as a Path for each would take a sixth of the time.
# ruff: noqa: PTH102, PTH103, PTH104, PTH105, PTH108, PTH120, PTH123

import fcntl
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from factory_metrics.project import UserError

# `+` is in no folder's name that is not cut, and begins none, so no org's folder can be in the way.
TEMPORARY = "+tmp"


def write_org(out: str, folder: str, documents: Mapping[str, bytes]) -> int:
    """Write an org's documents, by their paths in its folder, unless they are right already.

    A folder that is new is written beside its place, and then moved there. Return how many were written.
    """
    place = f"{out}/{folder}"
    if os.path.lexists(place):
        return sum(write(f"{place}/{path}", content) for path, content in documents.items())
    temporary = f"{out}/{TEMPORARY}{threading.get_ident()}"
    try:
        os.mkdir(temporary)
        for metric_type in dict.fromkeys(path.partition("/")[0] for path in documents):
            os.mkdir(f"{temporary}/{metric_type}")
        for path, content in documents.items():
            with open(f"{temporary}/{path}", "xb") as file:
                file.write(content)
        os.rename(temporary, place)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return len(documents)


def write(path: str, content: bytes) -> bool:
    """Write a file unless it has that content already; return whether it was written."""
    with suppress(FileNotFoundError), open(path, "rb", buffering=0) as file:
        if file.read() == content:
            return False
    with replacing(path) as file:
        file.write(content)
    return True


@contextmanager
def replacing(path: str | Path, temporary: str | Path | None = None) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` when all went well, and leaves no trace when not.

    Until then it is called `temporary`, in the same folder; by default, as what only_run() removes.
    """
    temporary = temporary or f"{path}{TEMPORARY}"
    try:
        try:
            file = open(temporary, "wb")  # noqa: SIM115 - closed below
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            file = open(temporary, "wb")  # noqa: SIM115 - closed below
        with file:
            yield file
        os.replace(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def remove(out: Path, path: str) -> bool:
    """Remove a document and the folders that this leaves empty; return whether it was there."""
    document = out / path
    try:
        document.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    for folder in list(document.parents)[:2]:
        with suppress(OSError):
            folder.rmdir()
    return True


@contextmanager
def only_run(out: Path) -> Iterator[None]:
    """Keep other runs from writing to the same folder, and remove what killed ones left there.

    Raises:
        UserError: another run writes to it.

    """
    handle = os.open(out, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = f"another run is writing to {out}: try again when it is done"
            raise UserError(message) from error
        for left in out.glob(f"{TEMPORARY}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        os.close(handle)
