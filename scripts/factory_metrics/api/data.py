"""Documents of the published warehouse, read when they are asked for and kept while they are wanted."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from factory_metrics.api.errors import database_error
from factory_metrics.api.pages import Pages
from factory_metrics.api.snapshot import Document, FileId, Snapshot, file_id
from factory_metrics.documents.marts import Mart
from factory_metrics.documents.warehouse import BusyError
from factory_metrics.project import UserError
from factory_metrics.report.source import Source

_SECONDS_BETWEEN_LOOKS = 0.1
_SECONDS_BETWEEN_TRIES = 0.5

_log = logging.getLogger(__name__)


class Publication:
    """The newest published warehouse."""

    def __init__(
        self,
        path: Path,
        marts: Sequence[Mart],
        memory_limit: str,
        cache_bytes: int,
        *,
        is_strict: bool = False,
    ) -> None:
        """Name the file, or the link to it; `watch` must run beside it.

        When the published warehouse is missing or broken, the last good one is served; if `is_strict`, none.
        """
        self._path = path
        self._marts = marts
        self._memory_limit = memory_limit
        self._cache_bytes = cache_bytes
        self._is_strict = is_strict
        self.current: Snapshot | None = None
        self.switches = 0
        # Why the published warehouse is not the one that is served; nothing when it is.
        self._failed = ""
        self._closing: set[asyncio.Task[None]] = set()
        self._pages = Pages([mart.time_range for mart in marts])
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="documents")
        self._watcher = ThreadPoolExecutor(1, thread_name_prefix="publication")

    @property
    def is_stale(self) -> bool:
        """Whether an older warehouse is served, as the published one cannot be."""
        return self.current is not None and bool(self._failed)

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
        if kept := self.kept(org, mart):
            return kept
        snapshot = self.current
        if snapshot is None:
            raise database_error()
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
            page = asyncio.create_task(self._page(snapshot, org, documents))
            snapshot.pages[org] = page
        try:
            return await asyncio.shield(page)
        except (UserError, duckdb.Error) as error:
            _log.error("cannot read the runs of org %r: %s", org, _first_line(error))
            raise database_error() from None

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
        found = await loop.run_in_executor(self._watcher, file_id, self._path)
        current = self.current
        if current is not None and found == current.file:
            if self._failed:
                _log.info("the published warehouse is the one that is served again: %s", current.file[0])
                self._failed = ""
        elif found is None:
            self._note_failure(f"there is no warehouse at {self._path}")
        else:
            await self._switch(found)

    async def _switch(self, found: FileId) -> None:
        """Serve another file from now on, if it is a good one."""
        loop = asyncio.get_running_loop()
        try:
            new = await loop.run_in_executor(self._watcher, Snapshot, found, self._marts, self._memory_limit)
        except (UserError, duckdb.Error, OSError) as error:
            self._note_failure(_first_line(error), is_passing=isinstance(error, BusyError))
            return
        old, self.current, self._failed = self.current, new, ""
        self.switches += 1
        _log.info("serving the warehouse %s as of %s", found[0], new.as_of.isoformat())
        if old is not None:
            self._close(old)

    async def close(self) -> None:
        """Close the warehouse when the last read is done."""
        self._pages.close()
        if self.current is not None:
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

    async def _page(self, snapshot: Snapshot, org: str, documents: list[tuple[Mart, bytes]]) -> Document:
        try:
            loop = asyncio.get_running_loop()
            unknown = await loop.run_in_executor(self._readers, snapshot.unknown_cost_runs, org)
            content = await self._pages.make(Source(org, snapshot.as_of_text, documents, unknown))
            page = await loop.run_in_executor(self._readers, snapshot.document, content, self._pages.headers)
            snapshot.keep((org, None), page, self._cache_bytes)
            return page
        finally:
            del snapshot.pages[org]

    def _note_failure(self, reason: str, *, is_passing: bool = False) -> None:
        """Serve the last good warehouse on, or none where the operator wants it so; say why, once.

        What only has to be waited for ends nothing.
        """
        if self._is_strict and not is_passing and self.current is not None:
            self._close(self.current)
            self.current = None
        if reason != self._failed:
            served = "none" if self.current is None else f"the one as of {self.current.as_of_text}"
            _log.error("cannot serve the published warehouse: %s; serving %s", reason, served)
        self._failed = reason

    def _close(self, snapshot: Snapshot) -> None:
        task = asyncio.create_task(snapshot.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
