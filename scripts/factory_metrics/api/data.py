"""Documents of the published warehouse, read when they are asked for and kept while they are wanted."""

import asyncio
import contextlib
import gzip
import logging
import os
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import formatdate
from hashlib import sha256
from pathlib import Path

import duckdb
from msgspec import Struct

from factory_metrics.api.empty import empty_document
from factory_metrics.api.errors import Headers, database_error
from factory_metrics.api.pages import Pages
from factory_metrics.documents import Mart, read_documents
from factory_metrics.report.source import Source
from factory_metrics.settings import UserError
from factory_metrics.warehouse import check_shape, open_warehouse

_SECONDS_BETWEEN_LOOKS = 0.1
_SECONDS_BETWEEN_TRIES = 0.5
# What a document takes in the cache beside its bytes: headers, keys, objects.
_OVERHEAD_BYTES = 3_500
# Below, compressed bodies are hardly smaller.
_SHORTEST_COMPRESSED = 200

_JSON = [(b"content-type", b"application/json")]

_log = logging.getLogger(__name__)


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
        """Open the file and check that its marts fit; what the build has tests for is not tested again.

        Raises:
            UserError: it cannot be opened, or its marts do not fit.
            duckdb.Error: it is broken.

        """
        self.file = file
        self._connection = open_warehouse(Path(file[0]))
        try:
            self._connection.execute(f"SET memory_limit = '{memory_limit}'")
            as_of = check_shape(self._connection, marts)
        except BaseException:
            self._connection.close()
            raise
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
        self.is_closed = False

    def read(self, org: str, mart: Mart) -> Document:
        """Read a document; called in a thread.

        Raises:
            UserError, duckdb.Error: it cannot be read.

        """
        found = dict(read_documents(self._connection, mart, org, org))
        content = found[org] if org in found else empty_document(mart, self.as_of)
        return self.document(content, _JSON)

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
        self.is_closed = True
        while self.reads:
            await asyncio.wait(self.reads.values())
        self._connection.close()

    def _body(self, content: bytes, tag: str, headers: Headers) -> Body:
        etag = f'"{tag}"'.encode()
        length = str(len(content)).encode()
        headers = [*self._headers, (b"etag", etag), (b"content-length", length), *headers]
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        return Body(content, etag, headers, b"HTTP/1.1 200 OK\r\n" + lines)


class Publication:
    """The newest published warehouse."""

    def __init__(self, path: Path, marts: Sequence[Mart], memory_limit: str, cache_bytes: int) -> None:
        """Name the file, or the link to it; `watch` must run beside it."""
        self._path = path
        self._marts = marts
        self._memory_limit = memory_limit
        self._cache_bytes = cache_bytes
        self.current: Snapshot | None = None
        self.switches = 0
        self._seen: FileId | None = None
        self._failed = ""
        self._closing: dict[asyncio.Task[None], Snapshot] = {}
        self._switched = asyncio.Event()
        self._pages = Pages([mart.time_range for mart in marts])
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="documents")
        self._watcher = ThreadPoolExecutor(1, thread_name_prefix="publication")

    def kept(self, org: str, mart: Mart | None) -> Document | None:
        """Return a document, or the page (None), if it is in memory."""
        snapshot = self.current
        if snapshot is None:
            return None
        name = (org, mart)
        document = snapshot.documents.get(name)
        if document is None:
            return None
        snapshot.documents.move_to_end(name)
        return document

    async def document(self, org: str, mart: Mart) -> Document:
        """Return the document of an org and a mart.

        Raises:
            ApiError: there is no warehouse, or it cannot be read.

        """
        name = (org, mart)
        while True:
            if kept := self.kept(org, mart):
                return kept
            snapshot = self.current
            if snapshot is None:
                raise database_error()
            if not snapshot.is_closed:
                break
            await self._switched.wait()
        read = snapshot.reads.get(name)
        if read is None:
            read = asyncio.create_task(self._read(snapshot, name))
            snapshot.reads[name] = read
        try:
            return await asyncio.shield(read)
        except (UserError, duckdb.Error) as error:
            _log.error("cannot read %s of org %r: %s", mart.name, org, _first_line(error))
            raise database_error() from None

    async def page(self, org: str) -> Document:
        """Return the page of an org, made of all its documents.

        Raises:
            ApiError: a document cannot be read, or too many pages are being made.

        """
        while True:
            if kept := self.kept(org, None):
                return kept
            snapshot = self.current
            documents = [(mart, (await self.document(org, mart)).plain.content) for mart in self._marts]
            # All are of one publication.
            if snapshot is not None and snapshot is self.current:
                break
        page = snapshot.pages.get(org)
        if page is None:
            page = asyncio.create_task(self._page(snapshot, Source(org, snapshot.as_of_text, documents)))
            snapshot.pages[org] = page
        return await asyncio.shield(page)

    async def watch(self) -> None:
        """Look now and then whether another warehouse was published; runs until it is cancelled."""
        while True:
            try:
                await self.look()
            except Exception:  # noqa: BLE001 - it must go on looking
                _log.exception("looking for a new warehouse failed")
            await asyncio.sleep(_SECONDS_BETWEEN_TRIES if self._failed else _SECONDS_BETWEEN_LOOKS)

    async def look(self) -> None:
        """Look whether another warehouse was published, and if so, switch to it."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._watcher, _file_id, self._path)
        if found == self._seen and not self._failed:
            return
        try:
            if found is None:
                self._give_up(f"there is no warehouse at {self._path}")
            else:
                await self._switch(found)
        finally:
            self._switched.set()

    async def _switch(self, found: FileId) -> None:
        """Serve another file from now on."""
        # DuckDB would take a file that it has open for the new one of the same name.
        if same := [task for task, snapshot in self._closing.items() if snapshot.file[0] == found[0]]:
            await asyncio.wait(same)
        old = self.current
        if old is not None and old.file[0] == found[0]:
            # Documents that were read are served on, requests for others wait.
            self._switched.clear()
            await old.close()
        loop = asyncio.get_running_loop()
        try:
            new = await loop.run_in_executor(self._watcher, Snapshot, found, self._marts, self._memory_limit)
        except (UserError, duckdb.Error, OSError) as error:
            if old is not None and not old.is_closed and "is being written" in str(error):
                self._note_failure(_first_line(error))
            else:
                self._give_up(_first_line(error))
            return
        self.current, self._seen, self._failed = new, found, ""
        self.switches += 1
        _log.info("serving the warehouse %s as of %s", found[0], new.as_of.isoformat())
        if old is not None and not old.is_closed:
            self._close(old)

    async def close(self) -> None:
        """Close the warehouse when the last read is done."""
        self._pages.close()
        if self.current is not None and not self.current.is_closed:
            self._close(self.current)
        self.current = None
        if self._closing:
            await asyncio.wait(self._closing, timeout=5)
        self._readers.shutdown(wait=False, cancel_futures=True)
        self._watcher.shutdown(wait=False, cancel_futures=True)

    async def _read(self, snapshot: Snapshot, name: tuple[str, Mart]) -> Document:
        try:
            loop = asyncio.get_running_loop()
            document = await loop.run_in_executor(self._readers, snapshot.read, *name)
            snapshot.keep(name, document, self._cache_bytes)
            return document
        finally:
            del snapshot.reads[name]

    async def _page(self, snapshot: Snapshot, source: Source) -> Document:
        try:
            content = await self._pages.make(source)
            loop = asyncio.get_running_loop()
            page = await loop.run_in_executor(self._readers, snapshot.document, content, self._pages.headers)
            snapshot.keep((source.org, None), page, self._cache_bytes)
            return page
        finally:
            del snapshot.pages[source.org]

    def _give_up(self, reason: str) -> None:
        """Serve nothing until there is a warehouse that can be read."""
        old, self.current = self.current, None
        if old is not None and not old.is_closed:
            self._close(old)
        self._note_failure(reason)

    def _note_failure(self, reason: str) -> None:
        if reason != self._failed:
            _log.error("cannot serve the published warehouse: %s", reason)
        self._failed = reason

    def _close(self, snapshot: Snapshot) -> None:
        task = asyncio.create_task(snapshot.close())
        self._closing[task] = snapshot
        task.add_done_callback(self._closing.pop)


def _file_id(path: Path) -> FileId | None:
    """Return which file is published, None when there is none."""
    with contextlib.suppress(OSError, RuntimeError):
        real = os.path.realpath(path, strict=True)
        found = os.stat(real)  # noqa: PTH116 - beside realpath
        return real, found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
    return None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
