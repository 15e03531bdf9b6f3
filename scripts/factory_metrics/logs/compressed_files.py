"""Unpack compressed log files, to the end: only there a broken archive shows."""

import gzip
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backports import zstd

from factory_metrics.logs.log_rows import CSV_SUFFIXES, JSON_LINES_SUFFIXES, BadFileError

# The endings, which come after a text's own, with the program and the bytes of each.
_FORMATS = {".gz": ("gzip", b"\x1f\x8b"), ".zst": ("zstd", b"\x28\xb5\x2f\xfd")}

_CHUNK_BYTES = 1024 * 1024


def is_compressed(path: Path) -> bool:
    """Tell by its name whether a file is a compressed one of text."""
    suffixes = path.name.lower().rsplit(".", 2)[1:]
    return (
        len(suffixes) == 2  # noqa: PLR2004 - one for the text, one for the archive
        and f".{suffixes[1]}" in _FORMATS
        and f".{suffixes[0]}" in JSON_LINES_SUFFIXES + CSV_SUFFIXES
    )


@contextmanager
def unpacked(path: Path, folder: Path) -> Iterator[Path]:
    """Give a file in `folder` with the contents of a compressed one; it is removed afterwards.

    Raises:
        BadFileError: it is broken, or no archive.

    """
    program, signature = _FORMATS[path.suffix.lower()]
    with path.open("rb") as file:
        beginning = file.read(4)
    # a frame of zstd that readers skip may come first
    if not beginning.startswith(signature) and (program, beginning[1:]) != ("zstd", b"\x2a\x4d\x18"):
        raise BadFileError(
            path, f"is not compressed by {program}, as its name says: rename it, or replace it"
        )
    contents = folder / f"unpacked{path.with_suffix('').suffix}"
    try:
        _unpack(path, program, contents)
        yield contents
    finally:
        contents.unlink(missing_ok=True)


def _unpack(path: Path, program: str, contents: Path) -> None:
    try:
        with _opened(path, program) as packed, contents.open("wb") as file:
            shutil.copyfileobj(packed, file, _CHUNK_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile, zstd.ZstdError) as error:
        problem = f"is broken, as {program} finds ({error}): write it again, or move it away"
        raise BadFileError(path, problem) from error


def _opened(path: Path, program: str) -> gzip.GzipFile | zstd.ZstdFile:
    # archives of `zstd --long` need more memory than the default allows
    options: dict[int, int] = {int(zstd.DecompressionParameter.window_log_max): 31}
    return gzip.open(path) if program == "gzip" else zstd.open(path, options=options)
