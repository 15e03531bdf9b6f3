"""Rate limits: token buckets in memory, or in Redis, where several processes share them."""

import logging
import time
from math import ceil

from msgspec import Struct
from pyrate_limiter import Decision, Rate, RedisStateStore, TokenBucket
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

_MINUTE_MS = 60_000
# Buckets in memory, of some 200 bytes each. The one that was used least recently goes first.
_MOST_BUCKETS = 100_000
# From here on full buckets are dropped, as no bucket is as good as a full one.
_MANY_BUCKETS = 10_000
_ROUNDING = 1e-6
_ALMOST_A_SECOND = 0.999999
_REDIS_TIMEOUT_SECONDS = 0.25
_SECONDS_BETWEEN_TRIES = 1.0
# So much the clocks of hosts that share Redis may disagree.
_CLOCKS_APART_MS = 60_000

_log = logging.getLogger(__name__)


# What the library remembers of a bucket.
State = tuple[float, ...]


class Policy(Struct, frozen=True):
    """A token bucket: it holds `burst` tokens and gains `per_minute` a minute."""

    name: str
    per_minute: int
    burst: int

    def header(self) -> bytes:
        """Return the value of `RateLimit-Policy`: the bucket, and the seconds in which it fills."""
        return f'"{self.name}";q={self.burst};w={self.seconds_for(self.burst)}'.encode()

    def seconds_for(self, tokens: int) -> int:
        """Return how long the bucket takes to gain so many tokens, whole seconds."""
        return -(-tokens * 60 // self.per_minute)


class Verdict(Struct, frozen=True, gc=False):
    """Whether a request may pass, tokens left, seconds until one more (0: full) and until a retry."""

    allowed: bool
    remaining: int
    reset: int
    retry_after: int = 0


class RedisLink:
    """The connection to Redis that limiters share, and whether it works."""

    def __init__(self, url: str) -> None:
        """Name the server; nothing is opened yet.

        Raises:
            ValueError, TypeError: the URL, or an option in it, cannot be.

        """
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=64,
            timeout=_REDIS_TIMEOUT_SECONDS,
            socket_timeout=_REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=_REDIS_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 1),
        )
        # Finds options that there are not.
        pool.make_connection()  # type: ignore[no-untyped-call]
        self.client: Redis = Redis.from_pool(pool)
        self.is_up = True
        self.failures = 0
        self._next_try = 0.0

    def try_it(self) -> bool:
        """Whether a request should ask it; while it does not answer, one a second does."""
        if self.is_up:
            return True
        now = time.monotonic()
        if now < self._next_try:
            return False
        self._next_try = now + _SECONDS_BETWEEN_TRIES
        return True

    def worked(self) -> None:
        """Note that Redis answered."""
        if not self.is_up:
            _log.warning("Redis answers again: limits are shared again")
        self.is_up = True

    def failed(self, error: Exception) -> None:
        """Note that Redis did not answer; it is left alone for a second."""
        if self.is_up:
            _log.error("Redis does not answer (%s): each process counts for itself", type(error).__name__)
        self.is_up = False
        self.failures += 1
        self._next_try = time.monotonic() + _SECONDS_BETWEEN_TRIES


class Limiter:
    """One policy for many clients, each with a bucket of its own."""

    def __init__(self, policy: Policy, redis: RedisLink | None = None) -> None:
        """Count in memory, or in Redis as long as that works."""
        self.policy = policy
        self.redis = redis
        self.name = policy.name.encode()
        self._algorithm = TokenBucket()
        self._rates = [Rate(policy.per_minute, _MINUTE_MS, burst=policy.burst)]
        self._unused = self._algorithm.initial(self._rates)
        self._per_us = policy.per_minute / 60_000_000
        # Both in the order of last use.
        self._buckets: dict[str, State] = {}
        self._refused: dict[str, float] = {}

    def __len__(self) -> int:
        """Return the number of buckets in memory."""
        return len(self._buckets)

    async def spend(self, client: str) -> Verdict:
        """Take a token from a client's bucket."""
        if self.redis is not None and self.redis.try_it():
            try:
                verdict = await self._spend_in_redis(self.redis, client)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with Redis, it must not cost an answer
                self.redis.failed(error)
            else:
                self.redis.worked()
                return verdict
        return self.spend_in_memory(client)

    def spend_in_memory(self, client: str) -> Verdict:
        """Take a token from a client's bucket in this process."""
        # Not the wall clock: until one that is set back is there again, all buckets would be empty.
        now = time.monotonic_ns() // 1_000_000
        buckets = self._buckets
        state = buckets.pop(client, None)
        if state is None:
            state = self._unused
            if len(buckets) >= _MANY_BUCKETS:
                self._forget(now)
        state, decision = self._algorithm.step(self._rates, state, now, 1)
        buckets[client] = state
        return self._verdict(client, decision, state, now)

    def seconds_refused(self, client: str) -> int:
        """Return for how many seconds a refused client has to wait; 0 when it may try again."""
        until = self._refused.get(client)
        return 0 if until is None else max(0, ceil(until - time.monotonic()))

    def full(self) -> Verdict:
        """Return the verdict on a client that has not spent anything."""
        return Verdict(allowed=True, remaining=self.policy.burst, reset=0)

    async def _spend_in_redis(self, redis: RedisLink, client: str) -> Verdict:
        # Hosts that share Redis must agree on the time.
        now = time.time_ns() // 1_000_000
        store = RedisStateStore(redis.client, f"factory-metrics:{self.policy.name}:{client}")
        decision = await store.check(self._algorithm, self._rates, now, 1)  # type: ignore[no-untyped-call]
        state = await store.read(self._algorithm, self._rates)  # type: ignore[no-untyped-call]
        if state[0] / 1000 - now > self.policy.seconds_for(self.policy.burst) * 1000 + _CLOCKS_APART_MS:
            # No bucket is that empty: the clock was set back.
            await store.reset()  # type: ignore[misc]
            return await self._spend_in_redis(redis, client)
        return self._verdict(client, decision, state, now)

    def _verdict(self, client: str, decision: Decision, state: State, now: int) -> Verdict:
        # The state is the instant (us) at which the bucket is full again.
        missing_us = state[0] - now * 1000
        if missing_us < 0:  # noqa: PLR1730 - twice as fast as max
            missing_us = 0
        missing = missing_us * self._per_us
        remaining = int(self.policy.burst - missing + _ROUNDING)
        # Until there is one more.
        reset = 0
        if remaining < self.policy.burst:
            gained = self.policy.burst - missing - remaining
            reset = int((1 - gained) / self._per_us / 1_000_000 + _ALMOST_A_SECOND)
        if decision.failing_rate is None:
            return Verdict(True, remaining, reset)  # noqa: FBT003 - keywords take longer, and this is the hot path
        wait = (decision.retry_after_ms or 0) / 1000
        seconds = max(1, ceil(wait))
        self._refused.pop(client, None)
        self._refused[client] = time.monotonic() + wait
        if len(self._refused) > _MOST_BUCKETS:
            del self._refused[next(iter(self._refused))]
        return Verdict(allowed=False, remaining=remaining, reset=seconds, retry_after=seconds)

    def _forget(self, now: int) -> None:
        """Make room for a bucket: full ones are as good as none, and above the limit the oldest goes."""
        for client in [client for client, _ in zip(self._buckets, range(2), strict=False)]:
            full = not self._algorithm.consumed(self._rates, self._buckets[client], now)
            if full or len(self._buckets) >= _MOST_BUCKETS:
                del self._buckets[client]
