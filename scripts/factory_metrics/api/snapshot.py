"""One published warehouse, open for reading, and its documents as they are sent."""

import asyncio
import contextlib
import gzip
import os
import stat
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import formatdate
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from factory_metrics.api.empty import empty_document
from factory_metrics.api.errors import Headers
from factory_metrics.documents.marts import Mart, read_documents, read_unknown_cost_runs
from factory_metrics.documents.warehouse import BusyError, check_shape, check_whole, open_beside

# What a document takes in the cache beside its bytes: headers, keys, objects.
_OVERHEAD_BYTES = 3_500
# Below, compressed bodies are hardly smaller.
_SHORTEST_COMPRESSED = 200

_JSON = [(b"content-type", b"application/json")]


class Body(Struct, frozen=True, gc=False):
    """One encoding of a document: its bytes and the headers that depend on nothing else.

    `head` is the status line of a good answer and these headers, as they are sent.
    """

    content: bytes
    etag: bytes
    headers: Headers
    head: bytes


class Document(Struct, frozen=True, gc=False):
    """A document as it is sent; both bodies are the same object when compression does not pay."""

    plain: Body
    compressed: Body

    @property
    def size(self) -> int:
        """What it takes in memory, bytes."""
        compressed = 0 if self.compressed is self.plain else len(self.compressed.content)
        return _OVERHEAD_BYTES + len(self.plain.content) + compressed


# An org and a mart; None stands for the page that is made of all marts.
Name = tuple[str, Mart | None]
# What tells one published file from another: real path, device, inode, time (ns), size.
FileId = tuple[str, int, int, int, int]


class Snapshot:
    """One published warehouse, open for reading, and the documents that were read from it."""

    def __init__(self, file: FileId, marts: Sequence[Mart], memory_limit: str) -> None:
        """Open the file and check that it is whole and its marts fit; what the build tests is taken on trust.

        Raises:
            UserError: it cannot be opened, was cut off, or its marts do not fit.
            BusyError: it is being written or replaced.
            duckdb.Error: it is broken.
            OSError: it is gone.

        """
        self.file = file
        self._ranges = list(dict.fromkeys(mart.time_range for mart in marts))
        path = Path(file[0])
        with contextlib.ExitStack() as opened:
            # Through it one sees whether the very file that is open was written to.
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            opened.callback(os.close, self._descriptor)
            self._connection = opened.enter_context(open_beside(path, marts))
            self._connection.execute(f"SET memory_limit = '{memory_limit}'")
            as_of = check_shape(self._connection, marts)
            check_whole(self._connection, path, marts)
            self._check_same(path.stat())
            self._check_untouched()
            self._opened = opened.pop_all()
        self.published = file[3] / 1e9  # seconds since 1970
        # Without any org there is no as-of; all documents are empty then.
        self.as_of = (as_of or datetime.fromtimestamp(self.published, UTC)).replace(tzinfo=UTC)
        as_of_text = self.as_of.isoformat().removesuffix("+00:00") + "Z"
        self._headers = [
            (b"cache-control", b"private, no-cache"),
            (b"vary", b"Authorization, Accept-Encoding, Origin"),
            (b"last-modified", formatdate(self.published, usegmt=True).encode()),
            (b"x-as-of", as_of_text.encode()),
        ]
        self.as_of_text = as_of_text
        self.documents: OrderedDict[Name, Document] = OrderedDict()
        self.size = 0
        self.reads: dict[tuple[str, Mart], asyncio.Task[Document]] = {}
        self.pages: dict[str, asyncio.Task[Document]] = {}

    def read(self, org: str, mart: Mart) -> Document:
        """Read a document; called in a thread.

        Raises:
            UserError, duckdb.Error: it cannot be read, or the file was written to since it was opened.

        """
        found = dict(read_documents(self._connection, mart, org, org))
        self._check_untouched()
        content = found[org] if org in found else empty_document(mart, self.as_of)
        return self.document(content, _JSON)

    def unknown_cost_runs(self, org: str) -> dict[str, int]:
        """Return of how many runs of an org the cost is unknown, by range; called in a thread.

        Raises:
            UserError, duckdb.Error: as `read`.

        """
        found = {
            time_range: runs
            for time_range in self._ranges
            for _, runs in read_unknown_cost_runs(self._connection, time_range, [org])
        }
        self._check_untouched()
        return found

    def document(self, content: bytes, headers: Headers) -> Document:
        """Return what is sent of a content, with headers that tell what it is."""
        digest = sha256(content).hexdigest()[:32]
        plain = self._body(content, digest, headers)
        if len(content) < _SHORTEST_COMPRESSED:
            return Document(plain, plain)
        compressed = gzip.compress(content, compresslevel=6, mtime=0)
        encoded = [*headers, (b"content-encoding", b"gzip")]
        return Document(plain, self._body(compressed, f"{digest}-gzip", encoded))

    def keep(self, name: Name, document: Document, most_bytes: int) -> None:
        """Keep a document; those that were not asked for the longest make room for it."""
        if replaced := self.documents.pop(name, None):
            self.size -= replaced.size
        self.documents[name] = document
        self.size += document.size
        while self.size > most_bytes:
            _, dropped = self.documents.popitem(last=False)
            self.size -= dropped.size

    async def close(self) -> None:
        """Close the file when the last read is done."""
        while self.reads:
            await asyncio.wait(self.reads.values())
        self._opened.close()

    def _check_untouched(self) -> None:
        """Check the open file: who copies over a file, instead of putting one in its place, changes it."""
        self._check_same(os.fstat(self._descriptor))

    def _check_same(self, found: os.stat_result) -> None:
        if _identity(found) != self.file[1:]:
            message = f"the warehouse {self.file[0]} was written to since it was published"
            raise BusyError(message)

    def _body(self, content: bytes, tag: str, headers: Headers) -> Body:
        etag = f'"{tag}"'.encode()
        length = str(len(content)).encode()
        headers = [*self._headers, (b"etag", etag), (b"content-length", length), *headers]
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        return Body(content, etag, headers, b"HTTP/1.1 200 OK\r\n" + lines)


def file_id(path: Path) -> FileId | None:
    """Return which file is published, None when there is none: to open a pipe would wait for its writer."""
    with contextlib.suppress(OSError, RuntimeError):
        real = os.path.realpath(path, strict=True)
        found = os.stat(real)  # noqa: PTH116 - beside realpath
        return (real, *_identity(found)) if stat.S_ISREG(found.st_mode) else None
    return None


def _identity(found: os.stat_result) -> tuple[int, int, int, int]:
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
