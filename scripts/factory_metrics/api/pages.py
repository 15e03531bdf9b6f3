"""Makes pages in processes of their own, as drawing would keep all other requests waiting."""

import asyncio
import logging
import sys
from collections.abc import Sequence

import msgspec

from factory_metrics.api.errors import Headers, database_error
from factory_metrics.project import ROOT
from factory_metrics.report.source import Source
from factory_metrics.report.style import content_security_policy, style_sheet

# A page takes 2 s of a core, or more where much else is done.
_LONGEST_SECONDS = 20
_MOST_WAITING = 16
_COMMAND = (sys.executable, "-m", "factory_metrics.report")

_log = logging.getLogger(__name__)


class Pages:
    """Makes one page at a time; who asks for one that is being made waits for it."""

    def __init__(self, time_ranges: Sequence[str]) -> None:
        """Prepare the headers of pages of these ranges."""
        policy = content_security_policy(style_sheet(list(dict.fromkeys(time_ranges))))
        # Browsers send the key along whoever has them ask, so no other site may frame or embed the page.
        self.headers: Headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-security-policy", f"{policy}; frame-ancestors 'none'".encode()),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"referrer-policy", b"no-referrer"),
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
        ]
        self._one = asyncio.Lock()
        self._making: dict[bytes, asyncio.Task[bytes]] = {}

    async def make(self, source: Source) -> bytes:
        """Return the page.

        Raises:
            ApiError: it cannot be made, or too many others are waited for.

        """
        name = msgspec.msgpack.encode(source)
        task = self._making.get(name)
        if task is None:
            if len(self._making) >= _MOST_WAITING:
                raise database_error()
            task = self._making[name] = asyncio.create_task(self._make(name))
            task.add_done_callback(lambda _: self._making.pop(name))
        try:
            return await asyncio.shield(task)
        except (OSError, TimeoutError, RuntimeError) as error:
            _log.error("cannot make the page of org %r: %s", source.org, str(error) or type(error).__name__)
            raise database_error() from None

    def close(self) -> None:
        """End the pages that are being made."""
        for task in self._making.values():
            task.cancel()

    async def _make(self, source: bytes) -> bytes:
        async with self._one, asyncio.timeout(_LONGEST_SECONDS):
            pipe = asyncio.subprocess.PIPE
            process = await asyncio.create_subprocess_exec(
                *_COMMAND, cwd=ROOT / "scripts", stdin=pipe, stdout=pipe, stderr=pipe
            )
            try:
                page, errors = await process.communicate(source)
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
            if process.returncode:
                lines = errors.decode(errors="replace").splitlines() or ["no message"]
                message = f"exit code {process.returncode}: {lines[-1]}"
                raise RuntimeError(message)
            return page
