"""Read JSON files: JSON Lines, and documents that hold rows in an array."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Raw

from factory_metrics.logs.json_rows import is_value, rows_of_line, rows_of_value
from factory_metrics.logs.log_rows import MAX_LINE_BYTES, SEPARATOR, BadFileError, Row

MAX_DOCUMENT_BYTES = 256 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"
_CHUNK_BYTES = 512 * 1024


class _WithId(msgspec.Struct, gc=False):
    id: Raw


_rows_with_id = msgspec.json.Decoder(_WithId)


def count_plain_rows(path: Path) -> int | None:
    """Return how many rows a file of JSON Lines has; None when DuckDB cannot read its lines as they are.

    It can if they are UTF-8, not too long, without the separator's byte and carriage returns inside.
    """
    if _document(path) is not None:
        return None
    row_count = 0
    with path.open("rb") as file:
        file.seek(len(_BOM) if file.read(len(_BOM)) == _BOM else 0)
        while lines := file.read(_CHUNK_BYTES):
            if lines[-1:] != b"\n":
                lines += file.readline(MAX_LINE_BYTES + 1)
            if not _are_plain(lines):
                return None
            row_count += _count_rows(lines)
    return row_count


def rows_of_json_file(path: Path) -> Iterator[Row]:
    """Yield the rows of a JSON file, whatever form it has.

    Raises:
        BadFileError: a list of rows is too large to be read as one value.

    """
    document = _document(path)
    if document is not None:
        yield from rows_of_value(document, is_alone=True)
        return
    with path.open("rb") as file:
        file.seek(len(_BOM) if file.read(len(_BOM)) == _BOM else 0)
        while line := file.readline(MAX_DOCUMENT_BYTES + 1):
            text = line.decode("utf-8", "surrogateescape").removesuffix("\n")
            if len(line) > MAX_DOCUMENT_BYTES:
                if text.lstrip()[:1] in ("{", "["):
                    raise _too_large(path)
                _skip_line(file)
                yield Row(text, is_readable=False)
            else:
                yield from rows_of_line(text)


def _are_plain(lines: bytes) -> bool:
    if SEPARATOR in lines or (b"\r" in lines and lines.count(b"\r") != lines.count(b"\r\n")):
        return False
    if len(lines) >= MAX_LINE_BYTES and any(len(line) >= MAX_LINE_BYTES for line in lines.split(b"\n")):
        return False
    try:
        return lines.isascii() or lines.decode() is not None
    except UnicodeDecodeError:
        return False


def _count_rows(lines: bytes) -> int:
    """Return the number of rows in whole lines: in most files each line is an object with an id."""
    ends = lines.count(b"\n") + (lines[-1:] != b"\n")
    # With these, no object has a line end inside: there would be a comma.
    between = lines.count(b"}\r\n{" if b"}\r\n" in lines else b"}\n{")
    if lines[:1] == b"{" and between == ends - 1:
        try:
            if len(_rows_with_id.decode_lines(lines)) == ends:
                return ends
        except (msgspec.DecodeError, RecursionError):
            pass
    return sum(_count_line(line) for line in lines.split(b"\n"))


def _count_line(line: bytes) -> int:
    try:
        _rows_with_id.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return len(rows_of_line(line.decode()))
    return 1


def _document(path: Path) -> str | None:
    """Return the text of a `.json` file that is one JSON value over several lines; None for any other file.

    One on a single line is read alike as JSON Lines.

    Raises:
        BadFileError: it is too large to be read as one value.

    """
    if path.suffix.lower() != ".json":
        return None
    with path.open("rb") as file:
        file.seek(len(_BOM) if file.read(len(_BOM)) == _BOM else 0)
        lines = (line.strip() for line in iter(lambda: file.readline(MAX_DOCUMENT_BYTES + 1), b""))
        lines_with_content = filter(None, lines)
        first, second = next(lines_with_content, b""), next(lines_with_content, b"")
        if first[:1] not in (b"{", b"[") or not second or is_value(first.decode(errors="replace")):
            return None
        if path.stat().st_size > MAX_DOCUMENT_BYTES:
            if second[:1] == b"{" and is_value(second.decode(errors="replace")):
                return None
            raise _too_large(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return None
    return text.strip() if is_value(text) else None


def _too_large(path: Path) -> BadFileError:
    return BadFileError(
        path,
        f"has a JSON value above {MAX_DOCUMENT_BYTES // 1024**2} MB, too large to be read as one: write it "
        "as JSON Lines, one object a line (`jq -c '.[]'` makes them of an array)",
    )


def _skip_line(file: BinaryIO) -> None:
    while (rest := file.readline(MAX_LINE_BYTES)) and rest[-1:] != b"\n":
        pass
