"""No request is read as two, and no two as one: refusals, and a comparison with a second HTTP parser, h11."""

import asyncio
import random
import re
from collections.abc import Sequence
from typing import Any, cast
from unittest.mock import Mock

import h11
import pytest
from uvicorn.server import ServerState

from factory_metrics.api.answers import Answer
from factory_metrics.api.app import Receive, Scope, Send
from factory_metrics.api.protocol import HttpProtocol, uvicorn_config

# Method, target, body.
Request = tuple[str, bytes, bytes]

GET = b"GET /first HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n"
STREAMS = 8_000


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        """Begin with nothing written."""
        self.written = b""
        self.closing = False

    def write(self, data: bytes) -> None:
        """Keep bytes."""
        self.written += data

    def write_eof(self) -> None:
        """Take the end of what is written."""
        self.closing = True

    def close(self) -> None:
        """Close."""
        self.closing = True

    def is_closing(self) -> bool:
        """Whether it is closed, or will be."""
        return self.closing

    def pause_reading(self) -> None:
        """Stop reading."""

    def resume_reading(self) -> None:
        """Read on."""

    def get_extra_info(self, _name: str) -> None:
        """Know nothing of the client."""


class Recorder(HttpProtocol):
    """Our protocol, which keeps the body of the latest request."""

    body = b""

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.body = b""
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body."""
        self.body += body


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Note the request, and answer."""
    del receive
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    reading = scope["state"]["reading"]
    reading.requests.append((scope["method"], target, reading.protocol.body))
    await send({"type": "http.response.start", "status": 204})
    await send({"type": "http.response.body"})


CONFIG = uvicorn_config(app, cast("Any", None), 5)
CONFIG.load()
Recorder.api = Mock(**{"refuse.return_value": Answer(400, [])})


class Reading:
    """What our protocol makes of bytes that come in pieces."""

    def __init__(self) -> None:
        """Begin with a new connection."""
        self.requests: list[Request] = []
        self.wire = Wire()
        loop = asyncio.get_running_loop()
        self.protocol = Recorder(CONFIG, ServerState(), {"reading": self}, loop)
        self.protocol.connection_made(cast("Any", self.wire))

    async def feed(self, pieces: Sequence[bytes]) -> None:
        """Let the pieces come, and all that can be answered be answered."""
        for piece in pieces:
            self.protocol.data_received(piece)
            answered = -1
            while answered != len(self.wire.written):
                answered = len(self.wire.written)
                await asyncio.sleep(0)
                await asyncio.sleep(0)

    @property
    def statuses(self) -> list[int]:
        """The answers."""
        return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", self.wire.written)]


def read(stream: bytes) -> Reading:
    """Return what becomes of bytes that come at once."""

    async def run() -> Reading:
        reading = Reading()
        await reading.feed([stream])
        return reading

    return asyncio.run(run())


def read_by_h11(stream: bytes) -> tuple[list[Request], bool]:
    """Return the requests that h11 sees, and whether it stopped at something wrong."""
    found: list[Request] = []
    # h11 takes no empty line before a request, as others do (RFC 9112, section 2.2).
    while stream := stream.removeprefix(b"\r\n"):
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=100_000)
        connection.receive_data(stream)
        request, body = None, b""
        try:
            while not isinstance(event := connection.next_event(), h11.EndOfMessage):
                if event is h11.NEED_DATA:
                    return found, False
                if event is h11.PAUSED:  # it asks whether the protocol changes
                    connection.send(h11.Response(status_code=200, headers=[]))
                if isinstance(event, h11.Request):
                    request = event
                if isinstance(event, h11.Data):
                    body += event.data
        except h11.RemoteProtocolError:
            return found, True
        assert request is not None
        found.append((request.method.decode(), request.target, body))
        if connection.their_state is h11.MUST_CLOSE:
            break
        stream = bytes(connection.trailing_data[0])
    return found, False


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(GET + UPGRADE + b"Content-Length: 31\r\n\r\n" + NEXT, id="upgrade, length"),
        pytest.param(GET + UPGRADE + CHUNKED + b"\r\n1f\r\n" + NEXT + b"\r\n0\r\n\r\n", id="upgrade, chunks"),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
            b"Content-Length: 31\r\n\r\n" + NEXT,
            id="upgrade, POST",
        ),
        pytest.param(
            GET + b"Proxy-Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 31\r\n\r\n" + NEXT,
            id="upgrade, proxy-connection",
        ),
        pytest.param(b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", id="connect"),
        pytest.param(GET + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", id="identity, chunked"),
        pytest.param(GET + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", id="chunked, identity"),
        pytest.param(GET + b"Transfer-Encoding: identity\r\n" + CHUNKED + b"\r\n0\r\n\r\n", id="two codings"),
        pytest.param(GET + CHUNKED * 2 + b"\r\n0\r\n\r\n", id="chunked twice"),
        pytest.param(GET + b"Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", id="empty coding"),
        pytest.param(GET + b"Transfer-Encoding: identity\r\n\r\n", id="identity"),
        pytest.param(GET + b"Transfer-Encoding: xchunked\r\n\r\n", id="unknown coding"),
        pytest.param(GET + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", id="vertical tab"),
        pytest.param(GET + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", id="folded coding"),
        pytest.param(GET + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", id="space before the colon"),
        pytest.param(GET + b"Content-Length: 1\r\n" + CHUNKED + b"\r\n0\r\n\r\n", id="length and coding"),
        pytest.param(GET + CHUNKED + b"Content-Length: 1\r\n\r\n0\r\n\r\n", id="coding and length"),
        pytest.param(GET + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na", id="two lengths"),
        pytest.param(GET + b"Content-Length: 1, 1\r\n\r\na", id="list of lengths"),
        pytest.param(GET + b"Content-Length: +1\r\n\r\na", id="sign"),
        pytest.param(GET + b"Content-Length: 0x1\r\n\r\na", id="hexadecimal length"),
        pytest.param(GET + b"Content-Length: 18446744073709551617\r\n\r\na", id="length that overflows"),
        pytest.param(GET + b"Content-Length:\r\n\r\n", id="empty length"),
        pytest.param(b"POST / HTTP/1.0\r\n" + CHUNKED + b"\r\n0\r\n\r\n", id="HTTP/1.0 with a coding"),
        pytest.param(GET + b"A: b\nC: d\r\n\r\n", id="LF"),
        pytest.param(GET + b"\n", id="LF at the end"),
        pytest.param(GET + b"A: b\rC: d\r\n\r\n", id="CR"),
        pytest.param(GET.replace(b"\r", b"") + b"\n", id="LF only"),
        pytest.param(GET + b"A: b\0c\r\n\r\n", id="NUL"),
        pytest.param(GET + b"A: b\r\n c\r\n\r\n", id="folded"),
        pytest.param(GET + b"A: b\r\n\tc\r\n\r\n", id="folded with a tab"),
        pytest.param(b"GET / HTTP/1.1\r\n Host: x\r\nHost: x\r\n\r\n", id="space before a header"),
        pytest.param(GET + b"abc\r\n\r\n", id="no colon"),
        pytest.param(GET + b": b\r\n\r\n", id="no name"),
        pytest.param(GET + b"A\xff: b\r\n\r\n", id="byte in a name"),
        pytest.param(b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", id="two spaces"),
        pytest.param(b"GET /  HTTP/1.1\r\nHost: x\r\n\r\n", id="two spaces before the version"),
        pytest.param(b"GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", id="tab"),
        pytest.param(b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", id="space in the target"),
        pytest.param(b"GET /#a HTTP/1.1\r\nHost: x\r\n\r\n", id="fragment"),
        pytest.param(b"GET / HTTP/1.1 \r\nHost: x\r\n\r\n", id="space after the version"),
        pytest.param(b" GET / HTTP/1.1\r\nHost: x\r\n\r\n", id="space before the method"),
        pytest.param(b"\n" + GET + b"\r\n", id="LF before the method"),
        pytest.param(b"\r\n\r\n" + GET + b"\r\n", id="two empty lines"),
        pytest.param(b"GET /\r\n\r\n", id="no version"),
        pytest.param(b"GET / HTTP/0.9\r\nHost: x\r\n\r\n", id="HTTP/0.9"),
        pytest.param(b"GET / HTTP/1.2\r\nHost: x\r\n\r\n", id="HTTP/1.2"),
        pytest.param(b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", id="HTTP/2.0"),
        pytest.param(b"GET / HTTP/1.10\r\nHost: x\r\n\r\n", id="HTTP/1.10"),
        pytest.param(b"GET / http/1.1\r\nHost: x\r\n\r\n", id="lower case"),
        pytest.param(b"GET / RTSP/1.0\r\nHost: x\r\n\r\n", id="RTSP"),
        pytest.param(b"SOURCE / ICE/1.0\r\nHost: x\r\n\r\n", id="ICE"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2 with prior knowledge"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="no host"),
        pytest.param(GET + b"Host: x\r\n\r\n", id="two hosts"),
        pytest.param(b"GET / HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n", id="two hosts in HTTP/1.0"),
        *(
            pytest.param(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host, id=f"host {host.decode()}")
            for host in (b"a b", b"a/b", b"a@b", b"a:b", b"a:80:80", b"[::1", b"[x]", b"a%zz", b'"a"')
        ),
        *(
            pytest.param(GET + CHUNKED + b"\r\n" + body, id=f"chunks {body!r}")
            for body in (
                *(b"1 \r\na\r\n0\r\n\r\n", b" 1\r\na\r\n0\r\n\r\n", b"0x1\r\na\r\n0\r\n\r\n"),
                *(b"+1\r\na\r\n0\r\n\r\n", b"\r\na\r\n0\r\n\r\n", b"1\na\r\n0\r\n\r\n"),
                *(b"1\r\na\n0\r\n\r\n", b"1\r\naxx0\r\n\r\n", b"1\r\na0\r\n\r\n", b"0\r\n\n"),
                *(b"1;a\nb\r\na\r\n0\r\n\r\n", b'1;a="b\r\n0\r\n\r\n', b"1;a\0\r\na\r\n0\r\n\r\n"),
                *(b"0\r\nA: b\n\n", b"0\r\nContent-Length: 9\r\n\r\n", b"10000000000000001\r\na\r\n"),
            )
        ),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(request_: bytes) -> None:
    reading = read(request_ + NEXT)
    assert (reading.requests, reading.statuses) == ([], [400])
    assert reading.wire.closing


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        pytest.param(GET + UPGRADE + b"\r\n", b"", id="upgrade"),
        pytest.param(GET + UPGRADE + b"Content-Length: 0\r\n\r\n", b"", id="upgrade without a body"),
        pytest.param(GET + b"Upgrade: h2c\r\nContent-Length: 31\r\n\r\n" + NEXT, NEXT, id="no upgrade"),
        pytest.param(GET + b"Content-Length: 31\r\n\r\n" + NEXT, NEXT, id="length"),
        pytest.param(GET + b"Content-Length:\t031 \r\n\r\n" + NEXT, NEXT, id="white space around a length"),
        pytest.param(GET + CHUNKED + b"\r\n1f\r\n" + NEXT + b"\r\n0\r\n\r\n", NEXT, id="chunks"),
        pytest.param(GET + b"transfer-encoding:CHUNKED\r\n\r\n0\r\n\r\n", b"", id="case"),
        pytest.param(GET + CHUNKED + b'\r\n1;a="b;c";d\r\na\r\n0;e\r\nA: b\r\n\r\n', b"a", id="extensions"),
        pytest.param(b"\r\n" + GET + b"\r\n", b"", id="empty line"),
        pytest.param(GET.replace(b": x", b": [::1]:8000") + b"\r\n", b"", id="IPv6"),
        pytest.param(GET.replace(b": x", b":") + b"\r\n", b"", id="empty host"),
    ],
)
def test_what_is_plain_is_answered(request_: bytes, body: bytes) -> None:
    reading = read(request_ + NEXT)
    assert reading.requests == [("GET", b"/first", body), ("GET", b"/next", b"")]
    assert reading.statuses == [204, 204]


def test_nothing_follows_the_end_of_a_connection() -> None:
    for request in (
        GET + b"Connection: close\r\n\r\n",
        b"GET /first HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    ):
        reading = read(request + NEXT)
        assert (reading.requests, reading.wire.closing) == ([("GET", b"/first", b"")], True)


def test_who_expects_100_gets_it_once_and_not_in_http_1_0() -> None:
    expecting = b"Expect: 100-continue\r\nContent-Length: 1\r\n\r\n"
    assert read(GET + expecting).statuses == [100]
    assert read(b"GET / HTTP/1.0\r\n" + expecting).statuses == []
    assert read(GET + UPGRADE + expecting).statuses == [400]
    assert read(GET + b"Expect: 100-continue\r\nContent-Length: 0\r\n\r\n").statuses == [204]


# A second opinion

LINES = [
    b"GET /a HTTP/1.1",
    b"POST /b?c=d HTTP/1.1",
    b"HEAD /e HTTP/1.1",
    b"GET /f HTTP/1.0",
    b"PUT /g HTTP/1.1",
]
HEADERS = [
    *(b"Connection: Upgrade", b"Connection: keep-alive", b"Connection: close", b"Upgrade: websocket"),
    *(b"Connection: upgrade, keep-alive", b"Transfer-Encoding: identity", b"Expect: 100-continue", b"A: b"),
    *(
        b"Content-Length: 3",
        b"Content-Length: 0",
        b"Proxy-Connection: Upgrade",
        b"Transfer-Encoding: chunked",
    ),
]
BITS = [
    *(
        b"\r",
        b"\n",
        b"\r\n",
        b"\r\n\r\n",
        b"\0",
        b" ",
        b"\t",
        b":",
        b";",
        b",",
        b"\x0b",
        b"\x7f",
        b"\xff",
        b'"',
    ),
    *(
        b"0",
        b"1",
        b"chunked",
        b"identity",
        b"Content-Length: 5\r\n",
        CHUNKED,
        UPGRADE,
        NEXT,
        b"0\r\n\r\n",
        b"5\r\n",
    ),
]


def make_request(chance: random.Random) -> bytes:
    """Make a request that is mostly a good one."""
    headers = [b"Host: x", *chance.choices(HEADERS, k=chance.choice([0, 0, 1, 1, 2, 3]))]
    body = b""
    match chance.randrange(4):
        case 0:
            body = bytes(chance.choices(b"abc\r\n", k=chance.randrange(9))) or NEXT
            headers.append(b"Content-Length: %d" % len(body))
        case 1:
            headers.append(b"Transfer-Encoding: chunked")
            for _ in range(chance.randrange(3)):
                chunk = chance.choice([b"abc", b"\r\n", NEXT, b"0\r\n\r\n"])
                body += b"%x%b\r\n%b\r\n" % (len(chunk), chance.choice([b"", b";a", b";a=b"]), chunk)
            body += b"0\r\n" + chance.choice([b"", b"", b"T: u\r\n"]) + b"\r\n"
    chance.shuffle(headers)
    return b"\r\n".join([chance.choice(LINES), *headers, b"", body])


def spoil(chance: random.Random, stream: bytes) -> bytes:
    """Change a stream here and there."""
    for _ in range(chance.choice([0, 0, 1, 1, 1, 2, 4])):
        at = chance.randrange(len(stream) + 1)
        match chance.randrange(4):
            case 0:
                stream = stream[:at] + stream[at + chance.choice([1, 1, 2, 8]) :]
            case 1:
                stream = stream[:at] + chance.choice(BITS) + stream[at + 1 :]
            case _:
                stream = stream[:at] + chance.choice(BITS) + stream[at:]
    return stream


def cut(chance: random.Random, stream: bytes) -> list[bytes]:
    """Cut a stream into pieces, as a network may."""
    places = sorted(chance.randrange(len(stream) + 1) for _ in range(chance.choice([0, 0, 1, 3])))
    return [stream[start:end] for start, end in zip([0, *places], [*places, len(stream)], strict=True)]


def test_another_parser_sees_the_same_requests(seed: int) -> None:
    chance = random.Random(seed)
    whole = refused = 0

    async def compare() -> None:
        nonlocal whole, refused
        for _ in range(STREAMS):
            stream = b"".join(make_request(chance) for _ in range(chance.randrange(1, 4)))
            stream = spoil(chance, stream)
            reading = Reading()
            await reading.feed(cut(chance, stream))
            ours, (theirs, is_wrong) = reading.requests, read_by_h11(stream)
            # What we answered is what the other parser read, in full and in this order.
            assert ours == theirs[: len(ours)], stream
            # Where we stopped before it, the client knows: nothing waits that the other one sees as complete.
            assert len(ours) == len(theirs) or reading.wire.closing, stream
            answers = [status for status in reading.statuses if status != 100]
            assert answers in ([204] * len(ours), [*[204] * len(ours), 400]), stream
            whole += len(ours) > 1 and not is_wrong
            refused += answers[-1:] == [400]

    asyncio.run(compare())
    assert whole > STREAMS / 20
    assert refused > STREAMS / 20
