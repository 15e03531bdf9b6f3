"""Who asks: keys are looked up in the store, and remembered as long as the store says that none changed."""

import asyncio
import logging
import time
from base64 import b64decode
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
_LONGEST_LOOK_UP_SECONDS = 4
_MOST_KEYS = 50_000
_MOST_UNKNOWN = 10_000

_log = logging.getLogger(__name__)


class Authenticator:
    """Tells which key a request has, without asking the store each time."""

    def __init__(self, store: KeyStore) -> None:
        """Look keys up in the store; `watch` must run beside it."""
        self._store = store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keys")
        self._poller = ThreadPoolExecutor(1, thread_name_prefix="keys-poll")
        self._version = ""
        # Counts the changes that were seen: what was asked before one is not remembered after it.
        self._generation = 0
        self._confirmed = float("-inf")
        self._failing = False
        self._is_refreshing = False
        # What the store said of keys; good in the state `_version` of the store.
        self._known: OrderedDict[bytes, Key] = OrderedDict()
        self._unknown: set[bytes] = set()
        # Keys that wait to be looked up, together, and the task that will do it. A connection waits for one.
        self._waiting: set[bytes] = set()
        self._next: asyncio.Task[dict[bytes, Key]] | None = None
        self._asking = asyncio.Lock()

    @property
    def _is_confirmed(self) -> bool:
        """Whether the store confirmed lately what is remembered."""
        return time.monotonic() - self._confirmed < _LONGEST_UNCONFIRMED_SECONDS

    @property
    def is_ready(self) -> bool:
        """Whether the store answers."""
        return self._is_confirmed or self._is_refreshing

    @property
    def size(self) -> int:
        """The number of remembered keys, good and bad."""
        return len(self._known) + len(self._unknown)

    def remembered(self, digest: bytes) -> Key | None:
        """Return the good key with a SHA-256 if it is known without asking the store."""
        key = self._known.get(digest)
        if key is None or time.monotonic() - self._confirmed >= _LONGEST_UNCONFIRMED_SECONDS:
            return None
        return key if compare_digest(key.digest, digest) and key.is_good(time.time()) else None

    async def find(self, digest: bytes) -> Key | None:
        """Return the good key with a SHA-256, else None.

        Raises:
            ApiError: the store does not answer.

        """
        if self._is_confirmed:
            if digest in self._unknown:
                return None
            key = self._known.get(digest)
            if key is None:
                key = await self._look_up(digest)
        elif self._failing:
            raise database_error()
        else:
            # The store, or this machine, has much to do: this request waits for its own answer.
            key = await self._look_up(digest)
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
        """Ask the store whether any key changed, and if so, for all keys that are remembered."""
        try:
            # Until nothing changed: what is remembered counts from the last question's time on.
            while not await self._ask_version():
                pass
        except SQLAlchemyError as error:
            if not self._failing:
                _log.error("the key store does not answer (%s): nobody can be let in", type(error).__name__)
            self._failing = True
            return
        finally:
            self._is_refreshing = False
        if self._failing:
            _log.warning("the key store answers again")
        self._failing = False

    def close(self) -> None:
        """Let the threads end."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._poller.shutdown(wait=False, cancel_futures=True)

    async def _ask_version(self) -> bool:
        """Bring what is remembered to the state of the store; return whether it was in that state before."""
        asked = time.monotonic()
        loop = asyncio.get_running_loop()
        version = await loop.run_in_executor(self._poller, self._store.version)
        is_same = version == self._version
        if not is_same:
            self._generation += 1
            self._unknown.clear()
            self._is_refreshing = True
            remembered = list(self._known)
            found = await loop.run_in_executor(self._poller, self._store.find_all, remembered)
            for digest in remembered:
                if digest in found:
                    self._known[digest] = found[digest]
                else:
                    self._known.pop(digest, None)
            self._version = version
        self._confirmed = asked
        return is_same

    async def _look_up(self, digest: bytes) -> Key | None:
        """Ask the store for a key, together with those that others ask for meanwhile."""
        self._waiting.add(digest)
        if self._next is None:
            self._next = asyncio.create_task(self._ask_store())
        try:
            # Others wait for it, too.
            found = await asyncio.wait_for(asyncio.shield(self._next), _LONGEST_LOOK_UP_SECONDS)
        except (SQLAlchemyError, TimeoutError) as error:
            _log.error("cannot look up keys: %s", type(error).__name__)
            raise database_error() from None
        return found.get(digest)

    async def _ask_store(self) -> dict[bytes, Key]:
        """Look up all keys that wait, when the question before this one is answered."""
        async with self._asking:
            digests, self._waiting, self._next = self._waiting, set(), None
            generation = self._generation
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self._thread, self._store.find_all, list(digests))
        if generation == self._generation:
            unknown = digests - found.keys()
            if len(self._unknown) + len(unknown) > _MOST_UNKNOWN:
                self._unknown.clear()
            self._unknown |= unknown
            self._known |= found
            while len(self._known) > _MOST_KEYS:
                self._known.popitem(last=False)
        return found


def key_of(authorization: bytes | None) -> str | None:
    """Return the key in an `Authorization` header, None when there is none or it cannot be one."""
    if authorization is None:
        return None
    scheme, _, key = authorization.decode("latin-1").partition(" ")
    key = key.strip(" ")
    return key if scheme.lower() == "bearer" and KEY_FORMAT.fullmatch(key) else None


def password_of(authorization: bytes | None) -> bytes | None:
    """Return the password in an `Authorization` header of a browser (`Basic`), None when there is none."""
    scheme, _, credentials = (authorization or b"").partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        return b64decode(credentials.strip(b" "), validate=True).partition(b":")[2]
    except ValueError:
        return None
