"""Write and remove documents' files, so that a reader never sees half of one."""
# Names of files are text here, as a Path for each would take a sixth of the time.
# ruff: noqa: PTH102, PTH103, PTH104, PTH105, PTH108, PTH116, PTH120, PTH123

import fcntl
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

from factory_metrics.project import UserError

# `+` is in no folder's name that is not cut, and begins none, so no org's folder can be in the way.
TEMPORARY = "+tmp"


class FileState(NamedTuple):
    """What shows that a file was changed: its size, and when its content was changed last."""

    size: int
    changed_ns: int

    @classmethod
    def of_open(cls, file: int) -> Self:
        """Return the state of an open file."""
        status = os.fstat(file)
        return cls(status.st_size, status.st_mtime_ns)


def state_of(path: str) -> FileState | None:
    """Return the state of a file; None when it cannot be seen."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return FileState(status.st_size, status.st_mtime_ns)


def write_org(out: str, folder: str, documents: Mapping[str, bytes]) -> tuple[int, list[FileState]]:
    """Write an org's documents, by their paths in its folder, unless they are right already.

    A folder that is new is written beside its place, and then moved there. Return how many were written, and
    the states of all files.
    """
    place = f"{out}/{folder}"
    if os.path.lexists(place):
        done = [write(f"{place}/{path}", content) for path, content in documents.items()]
        return sum(is_new for is_new, _ in done), [state for _, state in done]
    temporary = f"{out}/{TEMPORARY}{threading.get_ident()}"
    states = []
    try:
        os.mkdir(temporary)
        for metric_type in dict.fromkeys(path.partition("/")[0] for path in documents):
            os.mkdir(f"{temporary}/{metric_type}")
        for path, content in documents.items():
            # `open` makes twice as many calls of the system.
            file = os.open(f"{temporary}/{path}", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            try:
                _write_all(file, content)
                states.append(FileState.of_open(file))
            finally:
                os.close(file)
        os.rename(temporary, place)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return len(documents), states


def _write_all(file: int, content: bytes) -> None:
    """Write content whole, though the system may take less at a time."""
    left = memoryview(content)
    while left:
        left = left[os.write(file, left) :]


def write(path: str, content: bytes) -> tuple[bool, FileState]:
    """Write a file unless it has that content already; return whether it was written, and its state."""
    with suppress(FileNotFoundError), open(path, "rb", buffering=0) as found:
        state = FileState.of_open(found.fileno())  # first: who changes the file now is seen the next time
        if found.read() == content:
            return False, state
    with replacing(path) as file:
        file.write(content)
        file.flush()
        state = FileState.of_open(file.fileno())
    return True, state


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
