"""Remember what documents were made from, so that those that are right already are not made again.

A file beside the folder of documents has a line per org: of each document a hash of the mart's rows that it
is made from, and the size, time and checksum of its file. A document is right while the hash is the same, and
its file has that size and time. So a line stays true whatever else writes documents, or is killed meanwhile.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

import duckdb
import msgspec

from factory_metrics.documents.document_files import FileState, replacing, state_of
from factory_metrics.documents.marts import Mart

# Changes of a file within one tick of the file system's clock have the same time. The longest tick is FAT's.
_TICK_NS = 2_000_000_000
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class KnownDocument(NamedTuple):
    """A document: a hash of its rows, None when there are none; state and SHA-256 of its file."""

    rows: int | None
    file: FileState
    checksum: str


class _Line(NamedTuple):
    """A line of the file: an org and its documents, in the order of the marts."""

    org: str
    documents: list[KnownDocument]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Line).decode


def default_file(out: Path) -> Path:
    """Return the file that remembers the documents in a folder; in the folder is nothing but documents."""
    place = Path(os.path.abspath(out))  # noqa: PTH100 - `absolute` leaves `..` as a name
    return place.with_name(f".{place.name or 'documents'}.known")


@cache
def writer() -> str:
    """Return a checksum of all that decides how a mart's rows become a document, and how rows are hashed."""
    sources = (path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    versions = f"{duckdb.__version__} {msgspec.__version__}"
    return hashlib.sha256(b"".join((versions.encode(), *sources))).hexdigest()


class KnownDocuments:
    """What is known of the documents of orgs, which are asked for and noted by code point."""

    def __init__(self, lines: Iterator[bytes], before_ns: int, notes: BinaryIO | None) -> None:
        """Read from lines, and believe only files that were changed before an instant."""
        self._lines = lines
        self._before_ns = before_ns
        self._notes = notes
        self._next: _Line | None = None

    @classmethod
    @contextmanager
    def of(cls, file: Path | None, marts: Sequence[Mart]) -> Iterator[Self]:
        """Open the file, and replace it by what is noted when all went well; None stands for no file."""
        if file is None:
            yield cls(iter(()), 0, None)
            return
        # A file may not be on the disk when the machine stops, though its time is.
        boot = _BOOT.read_text().strip() if _BOOT.exists() else ""
        header = _encode([writer(), boot, [mart.name for mart in marts]]) + b"\n"
        with ExitStack() as stack:
            lines: Iterator[bytes] = iter(())
            before_ns = 0
            with suppress(OSError):
                known = stack.enter_context(file.open("rb"))
                before_ns = os.fstat(known.fileno()).st_mtime_ns - _TICK_NS
                lines = known if known.readline() == header else lines
            notes = None
            if os.access(file.parent, os.W_OK) and not file.is_dir():  # else documents are written without
                notes = stack.enter_context(replacing(file))
                notes.write(header)
            yield cls(lines, before_ns, notes)

    def right(self, org: str, rows: Sequence[int | None], paths: Sequence[str]) -> list[KnownDocument | None]:
        """Return what is known of each document of an org, None of those that are not right any more."""
        while self._next is None or self._next.org < org:
            try:
                self._next = _decode(next(self._lines))
            except (StopIteration, msgspec.DecodeError):
                return [None] * len(paths)
        if self._next.org != org:
            return [None] * len(paths)
        return [
            known
            if known.rows == row and known.file.changed_ns < self._before_ns and known.file == state_of(path)
            else None
            for known, row, path in zip(self._next.documents, rows, paths, strict=True)
        ]

    def note(self, org: str, documents: list[KnownDocument]) -> None:
        """Note an org's documents."""
        if self._notes:
            self._notes.write(_encode(_Line(org, documents)) + b"\n")


def hashed_rows(marts: Sequence[Mart]) -> str:
    """Return SQL for each org and a list of hashes: of its rows in each mart, null where it has none."""
    joins = []
    for number, mart in enumerate(marts):
        columns = ", ".join(f'"{name}"' for name in mart.columns() if name not in {"org_id", "as_of"})
        value = f"hash({columns})"
        # A list's columns have the position, so that the order of rows in the mart does not matter.
        value, groups = (f"hash(sum({value}))", "GROUP BY org_id") if mart.is_list else (value, "")
        query = f'SELECT org_id, {value} AS rows_{number} FROM main."{mart.name}" {groups}'  # noqa: S608
        joins.append(f"LEFT JOIN ({query}) USING (org_id)")
    hashes = ", ".join(f"rows_{number}" for number in range(len(marts)))
    orgs = f'(SELECT org_id FROM main."aggregate_{marts[0].time_range}")'  # noqa: S608
    return f"SELECT org_id, [{hashes}] FROM {orgs} {' '.join(joins)} ORDER BY org_id"  # noqa: S608
