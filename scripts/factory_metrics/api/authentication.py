"""Who asks: keys are looked up in the store, and remembered as long as the store says that none changed."""

import asyncio
import logging
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from hmac import compare_digest

from sqlalchemy.exc import SQLAlchemyError

from factory_metrics.api.errors import database_error
from factory_metrics.api.keys import KEY_FORMAT, Key, KeyStore

# A change is seen within a poll and its query. Unless the store confirms that nothing changed, what is
# remembered counts for less than a second.
_SECONDS_BETWEEN_POLLS = 0.2
_LONGEST_UNCONFIRMED_SECONDS = 0.9
_MOST_KEYS = 50_000
_MOST_UNKNOWN = 10_000
_MOST_LOOKUPS = 200

_log = logging.getLogger(__name__)


class Authenticator:
    """Tells which key a request has, without asking the store each time."""

    def __init__(self, store: KeyStore) -> None:
        """Look keys up in the store; `watch` must run beside it."""
        self._store = store
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="keys")
        self._poller = ThreadPoolExecutor(1, thread_name_prefix="keys-poll")
        self._version = ""
        # Which state of the store an entry is from; others are looked up again.
        self._generation = 0
        self._confirmed = float("-inf")
        self._failing = False
        self._known: OrderedDict[bytes, tuple[int, Key]] = OrderedDict()
        self._unknown: dict[bytes, int] = {}
        self._lookups: dict[bytes, asyncio.Task[Key | None]] = {}

    @property
    def is_ready(self) -> bool:
        """Whether the store answered lately."""
        return time.monotonic() - self._confirmed < _LONGEST_UNCONFIRMED_SECONDS

    @property
    def size(self) -> int:
        """The number of remembered keys, good and bad."""
        return len(self._known) + len(self._unknown)

    def remembered(self, digest: bytes) -> Key | None:
        """Return the good key with a SHA-256 if it is known without asking the store."""
        entry = self._known.get(digest)
        if (
            entry is None
            or entry[0] != self._generation
            or time.monotonic() - self._confirmed >= _LONGEST_UNCONFIRMED_SECONDS
        ):
            return None
        key = entry[1]
        return key if compare_digest(key.digest, digest) and key.is_good(time.time()) else None

    def is_known(self, digest: bytes) -> bool:
        """Whether a key with this SHA-256 was found before, however long ago."""
        return digest in self._known

    async def find(self, digest: bytes) -> Key | None:
        """Return the good key with a SHA-256, else None.

        Raises:
            ApiError: the store does not answer.

        """
        if not self.is_ready:
            raise database_error()
        if self._unknown.get(digest) == self._generation:
            return None
        entry = self._known.get(digest)
        if entry is None or entry[0] != self._generation:
            key = await self._look_up(digest)
        else:
            key = entry[1]
        return key if key is not None and key.is_good(time.time()) else None

    async def watch(self) -> None:
        """Ask the store now and then whether any key changed; runs until it is cancelled."""
        while True:
            try:
                await self.poll()
            except Exception:  # noqa: BLE001 - it must go on asking
                _log.exception("asking the key store failed")
            await asyncio.sleep(_SECONDS_BETWEEN_POLLS)

    async def poll(self) -> None:
        """Ask the store whether any key changed."""
        asked = time.monotonic()
        try:
            version = await asyncio.get_running_loop().run_in_executor(self._poller, self._store.version)
        except SQLAlchemyError as error:
            if not self._failing:
                _log.error("the key store does not answer (%s): nobody can be let in", type(error).__name__)
            self._failing = True
            return
        if self._failing:
            _log.warning("the key store answers again")
        self._failing = False
        if version != self._version:
            self._version = version
            self._generation += 1
            self._unknown.clear()
        self._confirmed = asked

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._poller.shutdown(wait=False, cancel_futures=True)

    async def _look_up(self, digest: bytes) -> Key | None:
        """Ask the store for a key; requests that ask for the same one wait for one answer."""
        task = self._lookups.get(digest)
        if task is None:
            if len(self._lookups) >= _MOST_LOOKUPS:
                raise database_error()
            task = asyncio.create_task(self._ask_store(digest))
            self._lookups[digest] = task
            task.add_done_callback(lambda _: self._lookups.pop(digest, None))
        try:
            return await asyncio.shield(task)
        except SQLAlchemyError as error:
            _log.error("cannot look up a key: %s", type(error).__name__)
            raise database_error() from None

    async def _ask_store(self, digest: bytes) -> Key | None:
        generation = self._generation
        key = await asyncio.get_running_loop().run_in_executor(self._threads, self._store.find, digest)
        if key is None or not compare_digest(key.digest, digest):
            self._known.pop(digest, None)
            if len(self._unknown) >= _MOST_UNKNOWN:
                self._unknown.clear()
            self._unknown[digest] = generation
            return None
        self._known[digest] = (generation, key)
        self._known.move_to_end(digest)
        if len(self._known) > _MOST_KEYS:
            self._known.popitem(last=False)
        return key


def key_of(authorization: bytes | None) -> str | None:
    """Return the key in an `Authorization` header, None when there is none or it cannot be one."""
    if authorization is None:
        return None
    scheme, _, key = authorization.decode("latin-1").partition(" ")
    key = key.strip(" ")
    return key if scheme.lower() == "bearer" and KEY_FORMAT.fullmatch(key) else None
