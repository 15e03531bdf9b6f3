"""What a connection may take: bytes, time and memory, whatever a client sends or leaves unread."""

import asyncio
import json
import re
import resource
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest
import requests
from api_client import PATH, Api, eventually, serving
from requests.adapters import HTTPAdapter
from uvicorn.server import ServerState

from factory_metrics.api.connections import Connections
from factory_metrics.api.protocol import HttpProtocol, uvicorn_config

CHUNKED = b"GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
HEALTHY = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
KEY = b"rsk_live_" + b"0" * 64
LAST = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def api(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with serving(tmp_path_factory.mktemp("api"), warehouse, trusted_proxies="127.0.0.1") as running:
        yield running


def connect(api: Api, seconds: float = 10) -> socket.socket:
    host, port = api.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=seconds)


def memory_of(api: Api) -> int:
    """Return the bytes that the server has in memory."""
    status = Path(f"/proc/{api.process.pid}/status").read_text("utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def statuses(answers: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)]


def send_all_that_goes(connection: socket.socket, text: bytes, seconds: float) -> int:
    """Send a text again and again; return the bytes that were taken."""
    connection.settimeout(0.3)
    sent, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            sent += connection.send(text)
        except TimeoutError:
            continue
        except OSError:
            break
    return sent


def test_requests_whose_answers_nobody_reads_take_no_memory(api: Api) -> None:
    before = memory_of(api)
    with connect(api) as first, connect(api) as second:
        for connection in (first, second):
            send_all_that_goes(connection, HEALTHY * 10_000, 1.5)
        assert memory_of(api) - before < 30_000_000
        assert api.get(None, path="/healthz").status_code == 200


def test_all_pipelined_requests_are_answered(api: Api) -> None:
    answers = api.raw(HEALTHY * 5_000 + LAST, 20)
    assert statuses(answers) == [200] * 5_001


@pytest.mark.parametrize(
    "trailers",
    [b"ab: c\r\n" * 20_000, b"ab: " + b"c" * 120_000, b"a" * 120_000],
    ids=["many", "value", "name"],
)
def test_endless_trailers(api: Api, trailers: bytes) -> None:
    answer = api.raw(CHUNKED + b"0\r\n" + trailers)
    assert statuses(answer) == [413]
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "CONTENT_TOO_LARGE"


def test_a_body_that_is_announced_too_large_is_not_waited_for(api: Api) -> None:
    headers = "Host: x\r\nContent-Length: 65537\r\nExpect: 100-continue\r\n\r\n"
    with connect(api) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\n{headers}".encode())
        assert statuses(connection.recv(65_536)) == [413]


def test_trailers_are_no_headers(api: Api) -> None:
    request = CHUNKED.replace(b"/healthz", PATH.encode()).replace(
        b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"
    )
    key, trailers = api.key(), b"X-Request-Id: trailer\r\nX-Forwarded-For: 192.0.2.7\r\n"
    trailers += b"Authorization: Bearer " + key.encode() + b"\r\n"
    answer = api.raw(request + b"0\r\n" + trailers + b"\r\n")
    assert statuses(answer) == [401]
    assert b"x-request-id: trailer" not in answer
    request = request.replace(b"\r\n\r\n", b"\r\nAuthorization: Bearer " + key.encode() + b"\r\n\r\n")
    answer = api.raw(request + b"3;x=y\r\nabc\r\n0\r\n" + trailers + b"\r\n")
    assert statuses(answer) == [200]
    eventually(lambda: [line["status"] for line in api.lines() if line.get("path") == PATH] == [401, 200])
    assert "192.0.2.7" not in api.log.read_text("utf-8")


@pytest.mark.parametrize(
    "start",
    [
        b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n",
        CHUNKED + b"5\r\n",
        CHUNKED + b"0\r\nab: ",
    ],
    ids=["body", "chunk", "trailer"],
)
def test_requests_that_take_too_long(api: Api, start: bytes) -> None:
    began = time.monotonic()
    with connect(api, 0.5) as connection:
        connection.sendall(start)
        answer = b""
        while not answer and time.monotonic() - began < 10:
            try:
                answer = connection.recv(65536)
            except TimeoutError:
                connection.sendall(b"a" if b"Content-Length" in start or b"ab" in start else b"")
    assert statuses(answer) == [408]
    assert 4 < time.monotonic() - began < 8


def test_bodies(api: Api) -> None:
    post = b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    assert statuses(api.raw(post % 65_536 + b"x" * 65_536 + LAST)) == [405, 200]
    assert statuses(api.raw(post % 1_000_000 + b"x" * 100_000)) == [413]
    expecting = post.replace(b"Host", b"Expect: 100-continue\r\nHost") % 3
    with connect(api) as connection:
        connection.sendall(expecting)
        assert statuses(connection.recv(65536)) == [100]
        connection.sendall(b"abc")
        assert statuses(connection.recv(65536)) == [405]


def test_garbage_after_a_request_does_not_cost_its_answer(api: Api) -> None:
    assert statuses(api.raw(HEALTHY + b"garbage\r\n\r\n")) == [200, 400]


def test_bounds_hold_for_later_requests_on_a_connection(api: Api) -> None:
    long = b"GET /healthz HTTP/1.1\r\nA: " + b"a" * 36_000 + b"\r\n\r\n"
    assert statuses(api.raw(HEALTHY * 3 + long)) == [200, 200, 200, 431]


def test_a_request_after_one_that_wants_another_protocol(api: Api) -> None:
    upgrade = HEALTHY.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    assert statuses(api.raw(upgrade + upgrade + LAST)) == [200] * 3


@pytest.mark.parametrize("method", [b"GET", b"POST"])
@pytest.mark.parametrize("protocol", [b"websocket", b"h2c"])
def test_the_body_of_an_upgrade_is_no_request(api: Api, method: bytes, protocol: bytes) -> None:
    inner = b"GET %b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %b\r\n\r\n" % (
        PATH.encode(),
        api.key().encode(),
    )
    head = b"%b / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: %b\r\n" % (method, protocol)
    for body in (
        b"Content-Length: %d\r\n\r\n%b" % (len(inner), inner),
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(inner), inner),
    ):
        answer = api.raw(head + body + LAST)
        assert statuses(answer) == [400]
        assert b"\r\nconnection: close\r\n" in answer


# Places


@contextmanager
def few_files(number: int) -> Iterator[None]:
    """Let processes that are started meanwhile open so many files."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (number, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def is_ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def answers(connection: socket.socket) -> bool:
    """Whether a connection still answers."""
    received = b""
    try:
        connection.sendall(HEALTHY)
        while not received.endswith(b'{"status":"ok"}') and (more := connection.recv(65536)):
            received += more
    except OSError:
        return False
    return statuses(received) == [200]


def test_many_idle_connections_cost_nobody_an_answer(warehouse: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        with few_files(256):
            api = stack.enter_context(serving(tmp_path / "api", warehouse))
        good = stack.enter_context(requests.Session())
        # Its connection may be closed just when it sends. Clients ask again then (RFC 9112, section 9.3.1).
        good.mount("http://", HTTPAdapter(max_retries=1))
        for _ in range(4):
            idle = [stack.enter_context(connect(api)) for _ in range(100)]
            # A key that is not known yet: the store is a file that must be opened.
            headers = {"Authorization": f"Bearer {api.key()}"}
            assert good.get(f"{api.url}{PATH}", headers=headers, timeout=10).status_code == 200
            assert api.get(api.key(), "?metricType=cost").status_code == 200
        assert is_ended(idle[0])
        assert api.metric("connections") <= 256 - 192
        assert api.metric("connections_ended_total") >= 400 - 64
        eventually(lambda: "as many as there may be" in api.log.read_text("utf-8"))


def test_the_longest_idle_connection_makes_room(warehouse: Path, tmp_path: Path) -> None:
    with (
        serving(tmp_path / "api", warehouse, connections="3") as api,
        connect(api) as first,
        connect(api) as second,
        connect(api) as third,
    ):
        assert all(answers(connection) for connection in (first, second, third))
        assert answers(first)
        with connect(api) as fourth:
            assert answers(fourth)
            assert is_ended(second)
            assert all(answers(connection) for connection in (first, third, fourth))
            # As long as the store is locked, these three wait for their answers, and none can go.
            with sqlite3.connect(tmp_path / "api" / "keys.sqlite", isolation_level=None) as store:
                store.execute("BEGIN EXCLUSIVE")
                for connection in (first, third, fourth):
                    request = HEALTHY.replace(b"/healthz", PATH.encode())[:-2]
                    connection.sendall(request + b"Authorization: Bearer %b\r\n\r\n" % KEY)
                time.sleep(0.2)
                with connect(api) as fifth:
                    assert is_ended(fifth)
                store.execute("ROLLBACK")
            for connection in (first, third, fourth):
                assert statuses(connection.recv(65536)) == [401]


def test_an_address_makes_room_for_itself(warehouse: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        settings = {"connections_per_address": "2", "trusted_proxies": "127.0.0.3"}
        api = stack.enter_context(serving(tmp_path / "api", warehouse, **settings))
        host, port = api.url.removeprefix("http://").split(":")

        def connect_from(address: str) -> socket.socket:
            made = socket.create_connection((host, int(port)), timeout=10, source_address=(address, 0))
            return stack.enter_context(made)

        other = connect_from("127.0.0.1")
        many = [connect_from("127.0.0.2") for _ in range(5)]
        proxied = [connect_from("127.0.0.3") for _ in range(5)]
        assert [answers(connection) for connection in many] == [False, False, False, True, True]
        assert all(answers(connection) for connection in (other, *proxied))


def test_connections_are_taken_many_at_a_turn() -> None:
    async def take() -> list[int]:
        config = uvicorn_config(cast("Any", None), cast("Any", None), 5)
        config.load()
        loop = asyncio.get_running_loop()
        make = cast("type[HttpProtocol]", config.http_protocol_class)
        seen = []
        with socket.create_server(("127.0.0.1", 0), backlog=100) as listener, ExitStack() as stack:
            connections = Connections(listener, 100, 100)
            for _ in range(70):
                stack.enter_context(socket.create_connection(listener.getsockname()))
            connections.start(lambda: make(config, ServerState(), {}, loop))
            for _ in range(6):
                await asyncio.sleep(0)
                seen.append(len(connections))
            connections.close()
        return seen

    seen = asyncio.run(take())
    assert max(seen) == 70
    assert seen[2] > 60


def make_connection() -> tuple[HttpProtocol, Mock]:
    """Return a connection whose client only takes what the test lets it, and its transport."""
    config = uvicorn_config(cast("Any", None), cast("Any", None), 5)
    transport = Mock(**{"is_closing.return_value": False, "get_extra_info.return_value": None})
    loop = Mock(**{"time.return_value": 1_000.0})
    state = Mock(connections=set(), tasks=set(), default_headers=[])
    config.load()
    protocol = cast("type[HttpProtocol]", config.http_protocol_class)(config, state, {}, loop)
    protocol.connection_made(transport)
    return protocol, transport


def test_who_does_not_read_is_let_go() -> None:
    connection, transport = make_connection()
    connection.flow.pause_reading()  # so that it sends nothing either
    connection.pause_writing()
    connection.end_if_slow(1_019.0)
    connection.resume_writing()
    connection.end_if_slow(1_021.0)
    transport.abort.assert_not_called()
    connection.pause_writing()
    connection.end_if_slow(1_021.0)
    transport.abort.assert_called_once()


def test_who_says_nothing_gets_no_answer() -> None:
    connection, transport = make_connection()
    connection.end_if_slow(1_006.0)
    transport.close.assert_called_once()
    transport.write.assert_not_called()


def test_closing_does_not_wait_for_ever() -> None:
    connection, transport = make_connection()
    transport.is_closing.return_value = True
    connection.end_if_slow(1_001.0)
    connection.end_if_slow(1_021.0)
    transport.abort.assert_not_called()
    connection.end_if_slow(1_022.0)
    transport.abort.assert_called_once()
