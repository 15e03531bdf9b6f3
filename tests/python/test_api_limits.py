"""Rate limits: how the bucket counts, in memory and in a real Redis, and what clients see of it."""

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from pathlib import Path
from random import Random

import pytest
from api_client import error_of, eventually, serving
from conftest import without

from factory_metrics.api import limits
from factory_metrics.api.addresses import client_address
from factory_metrics.api.limits import Limiter, Policy, RedisLink


class Redis:
    """A Redis server of its own, which can be stopped and started."""

    def __init__(self, folder: Path) -> None:
        """Choose a port; `folder` is its working directory."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, with nothing in it."""
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._process = subprocess.Popen([*command, "--dir", str(self._folder)], stdout=subprocess.DEVNULL)
        eventually(self._answers)

    def stop(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    if shutil.which("redis-server") is None:
        without("Redis (Debian: redis-server)")
    server = Redis(tmp_path)
    server.start()
    yield server
    server.stop()


class Clock:
    """The time that limiters see, in nanoseconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stop the time."""
        self.now = 1_750_000_000_000_000_000
        monkeypatch.setattr(time, "time_ns", lambda: self.now)
        monkeypatch.setattr(time, "monotonic_ns", lambda: self.now)
        monkeypatch.setattr(time, "monotonic", lambda: self.now / 1e9)

    def pass_ms(self, milliseconds: int) -> None:
        """Let time pass."""
        self.now += milliseconds * 1_000_000


# The bucket


def test_a_burst_passes_and_then_it_throttles(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    limiter = Limiter(Policy("default", 1_000, 10_000))
    for spent in range(1, 10_001):
        verdict = limiter.spend_in_memory("a")
        assert (verdict.allowed, verdict.remaining) == (True, 10_000 - spent)
    assert verdict.reset == 1  # one more comes in 60 ms
    for _ in range(3):  # refused requests cost nothing
        refused = limiter.spend_in_memory("a")
        assert (refused.allowed, refused.remaining, refused.reset, refused.retry_after) == (False, 0, 1, 1)
    assert limiter.seconds_refused("a") == 1
    assert limiter.spend_in_memory("b").remaining == 9_999
    clock.pass_ms(59)
    assert not limiter.spend_in_memory("a").allowed
    clock.pass_ms(1)
    assert limiter.seconds_refused("a") == 0
    assert limiter.spend_in_memory("a").allowed
    assert not limiter.spend_in_memory("a").allowed
    allowed = 0
    for _ in range(60_000 // 20):
        clock.pass_ms(20)
        allowed += limiter.spend_in_memory("a").allowed
    assert allowed == 1_000  # a minute's worth
    clock.pass_ms(3_600_000)
    assert limiter.spend_in_memory("a").remaining == 9_999


@pytest.mark.parametrize(
    ("policy", "header"),
    [
        (Policy("default", 1_000, 10_000), b'"default";q=10000;w=600'),
        (Policy("few", 7, 10), b'"few";q=10;w=86'),
    ],
)
def test_policy_header(policy: Policy, header: bytes) -> None:
    assert policy.header() == header


def test_slow_policies_say_how_long_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    limiter = Limiter(Policy("slow", 2, 1))
    assert limiter.spend_in_memory("a").reset == 30
    clock.pass_ms(9_500)
    assert limiter.spend_in_memory("a").retry_after == 21
    assert limiter.seconds_refused("a") == 21


@pytest.mark.parametrize(
    "policy", [Policy("default", 1_000, 10_000), Policy("few", 7, 10), Policy("slow", 1, 3)]
)
def test_t_says_when_there_is_one_more(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    limiter = Limiter(policy)
    assert limiter.full().reset == 0
    chance = Random(7)
    state = limiter.spend_in_memory("a")
    for _ in range(2_000):
        clock.pass_ms(chance.choice([0, 1, 10, 60, 1_000, 8_571, 20_000]))
        state = limiter.spend_in_memory("a")
        assert state.allowed or (state.remaining, state.reset) == (0, state.retry_after)
        # Had the client waited for `t`, there would be one more than it was told, and not a second earlier.
        for waited, more in ((state.reset, 1), (state.reset - 1, 0)):
            peek = Limiter(policy)
            peek._buckets.update(limiter._buckets)  # noqa: SLF001 - a copy of what it knows
            start = clock.now
            clock.pass_ms(waited * 1_000)
            if waited > 0:
                then = peek.spend_in_memory("a")
                assert (then.remaining + then.allowed > state.remaining) is bool(more)
            clock.now = start


def test_a_clock_that_is_set_back_refuses_nobody(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    policy = Policy("default", 1_000, 10_000)
    in_memory = Limiter(policy)
    assert in_memory.spend_in_memory("a").remaining == 9_999
    monkeypatch.setattr(time, "time_ns", lambda: clock.now - 3_600_000_000_000)
    assert in_memory.spend_in_memory("a").remaining == 9_998

    async def spend() -> list[int]:
        link = RedisLink(redis.url)
        limiter, remaining = Limiter(policy, link), []
        for back in (0, 60_000, 3_600_000, 3_600_000):
            monkeypatch.setattr(time, "time_ns", lambda back=back: clock.now - back * 1_000_000)
            remaining.append((await limiter.spend("a")).remaining)
        assert link.is_up
        await link.client.aclose()
        return remaining

    # what other hosts' clocks may differ by is no reason to fill a bucket
    assert asyncio.run(spend()) == [9_999, 8_998, 9_999, 9_998]


def test_memory_of_buckets_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    monkeypatch.setattr(limits, "_MANY_BUCKETS", 10)
    monkeypatch.setattr(limits, "_MOST_BUCKETS", 50)
    limiter = Limiter(Policy("default", 60, 2))
    for number in range(200):
        limiter.spend_in_memory(str(number))
        limiter.spend_in_memory(str(number))
        limiter.spend_in_memory(str(number))
    assert len(limiter) == 50
    assert limiter.seconds_refused("199") == 1
    assert limiter.seconds_refused("0") == 0
    clock.pass_ms(60_000)
    for number in range(100):
        limiter.spend_in_memory(f"new {number}")
    assert len(limiter) <= 51


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", b"198.51.100.7", "203.0.113.9"),
        ("127.0.0.1", b"198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", b"6.6.6.6, 198.51.100.7, 10.1.2.3", "198.51.100.7"),
        ("127.0.0.1", b"198.51.100.7, spoof", "127.0.0.1"),
        ("127.0.0.1", b"203.0.113.7:1234", "203.0.113.7"),
        ("127.0.0.1", b"6.6.6.6:1, 203.0.113.7:1234 , 10.1.2.3:65535", "203.0.113.7"),
        ("127.0.0.1", b"[2001:db8:1:2::1]:1234", "2001:db8:1:2::/64"),
        ("127.0.0.1", b"[2001:db8:1:2::1]", "2001:db8:1:2::/64"),
        ("127.0.0.1", b"[::ffff:203.0.113.7]:1234", "203.0.113.7"),
        ("127.0.0.1", b"[203.0.113.7]:1234", "127.0.0.1"),
        ("127.0.0.1", b"203.0.113.7:port", "127.0.0.1"),
        ("127.0.0.1", b"203.0.113.7:", "127.0.0.1"),
        ("127.0.0.1", b"[2001:db8::1]1234", "127.0.0.1"),
        ("127.0.0.1", b"[fe80::1%eth0]:1234", "fe80::/64"),
        ("127.0.0.1", b"2001:db8:1:2::1:1234", "2001:db8:1:2::/64"),
        ("127.0.0.1", b"", "127.0.0.1"),
        ("::ffff:127.0.0.1", b"198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", b"", "2001:db8:1:2::/64"),
        ("local", b"198.51.100.7", "local"),
    ],
)
def test_who_a_client_is(peer: str, forwarded: bytes, client: str) -> None:
    assert client_address(peer, forwarded, (ip_network("127.0.0.1"), ip_network("10.0.0.0/8"))) == client


# What clients see


def test_a_key_that_is_spent(warehouse: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "api", warehouse, rate_per_minute="60", rate_burst="5") as api:
        key, other = api.key("acme"), api.key("acme")
        answers = [api.get(key) for _ in range(8)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
        assert [answer.headers["ratelimit"] for answer in answers[:5]] == [
            f'"default";r={left};t=1' for left in (4, 3, 2, 1, 0)
        ]
        assert answers[0].headers["ratelimit-policy"] == '"default";q=5;w=5'
        assert error_of(answers[-1]) == "RATE_LIMITED"
        assert answers[-1].headers["retry-after"] == "1"
        assert answers[-1].headers["ratelimit"] == '"default";r=0;t=1'
        assert api.get(other, "?timeRange=x").headers["ratelimit"].startswith('"default";r=4;')
        eventually(lambda: api.get(key).status_code == 200)
        assert api.metric('refused_total{reason="rate_limit"}') >= 3


def test_failed_authentication_is_limited_by_address(warehouse: Path, tmp_path: Path) -> None:
    settings = {"failures_per_minute": "6", "failures_burst": "3", "trusted_proxies": "127.0.0.0/8"}
    with serving(tmp_path / "api", warehouse, **settings) as api:
        good = api.key("acme")
        assert api.get(good, X_Forwarded_For="192.0.2.1").status_code == 200
        bad = [api.get(f"rsk_live_{n:064x}", X_Forwarded_For="192.0.2.1") for n in range(5)]
        assert [answer.status_code for answer in bad] == [401, 401, 401, 429, 429]
        assert bad[0].headers["ratelimit"] == '"failed-authentication";r=2;t=10'
        assert error_of(bad[-1]) == "RATE_LIMITED"
        assert 1 <= int(bad[-1].headers["retry-after"]) <= 10
        for answer in bad[-2:]:
            assert answer.headers["ratelimit"].endswith(f";r=0;t={answer.headers['retry-after']}")
        # Good keys pass, known or not, whatever others send from there, and other addresses are not meant.
        keyless = api.get(None, X_Forwarded_For="192.0.2.1")
        assert keyless.status_code == 429
        assert api.get(good, X_Forwarded_For="192.0.2.1").status_code == 200
        for _ in range(3):
            assert api.get(api.key("acme"), X_Forwarded_For="192.0.2.1").status_code == 200
        assert api.get(None, X_Forwarded_For="192.0.2.2").status_code == 401
        assert api.metric('refused_total{reason="failed_authentication"}') == 3


def test_processes_share_the_count_in_redis(redis: Redis, warehouse: Path, tmp_path: Path) -> None:
    settings = {"rate_per_minute": "1", "rate_burst": "20", "redis_url": redis.url}
    keys_url = f"sqlite:///{tmp_path / 'keys.sqlite'}"
    with (
        serving(tmp_path / "a", warehouse, keys_url=keys_url, **settings) as one,
        serving(tmp_path / "b", warehouse, keys_url=keys_url, **settings) as two,
        ThreadPoolExecutor(8) as threads,
    ):
        key = one.key("acme")
        answers = list(threads.map(lambda number: (one, two)[number % 2].get(key), range(40)))
        statuses = [answer.status_code for answer in answers]
        assert (statuses.count(200), statuses.count(429)) == (20, 20)
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert 50 <= int(refused.headers["retry-after"]) <= 60
        assert one.get(one.key("acme")).headers["ratelimit"].startswith('"default";r=19;')
        assert one.metric("redis_up") == two.metric("redis_up") == 1


def test_without_redis_it_serves_and_says_so(redis: Redis, warehouse: Path, tmp_path: Path) -> None:
    settings = {"rate_per_minute": "1", "rate_burst": "10", "redis_url": redis.url}
    with serving(tmp_path / "api", warehouse, **settings) as api:
        key = api.key("acme")
        assert api.get(key).status_code == 200
        redis.stop()
        answers = [api.get(key) for _ in range(12)]
        assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2  # its own count
        assert api.metric("redis_up") == 0
        assert api.metric("redis_failures_total") >= 1
        eventually(lambda: "Redis does not answer" in api.log.read_text("utf-8"))
        redis.start()
        eventually(lambda: api.get(key).status_code == 200 and api.metric("redis_up") == 1)
        eventually(lambda: "Redis answers again" in api.log.read_text("utf-8"))
        messages = [line["message"] for line in api.lines() if line["logger"].endswith("limits")]
        assert len(messages) == 2  # once each, not for every request


def test_redis_that_hangs_holds_nobody_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        link = RedisLink(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        limiter = Limiter(Policy("default", 60, 2), link)

        async def spend() -> float:
            loop = asyncio.get_running_loop()
            started = loop.time()
            assert (await limiter.spend("a")).remaining == 1
            assert (await limiter.spend("a")).remaining == 0
            assert not (await limiter.spend("a")).allowed
            return loop.time() - started

        assert asyncio.run(spend()) < 1.5
        assert not link.is_up


def test_whatever_is_wrong_with_redis_costs_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    link = RedisLink("redis://127.0.0.1:1/0")
    limiter = Limiter(Policy("default", 60, 100), link)
    asked = 0

    async def fail(*_: object) -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        raise TypeError

    monkeypatch.setattr(limiter, "_spend_in_redis", fail)

    async def spend(times: int) -> None:
        verdicts = await asyncio.gather(*(limiter.spend("a") for _ in range(times)))
        assert all(verdict.allowed for verdict in verdicts)

    asyncio.run(spend(1))
    assert (asked, link.is_up) == (1, False)
    asyncio.run(spend(5))
    assert asked == 1
    clock.pass_ms(1_500)
    asyncio.run(spend(5))
    assert asked == 2  # one finds out for all
