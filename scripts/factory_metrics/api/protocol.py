"""HTTP on a connection: what is taken from it, in which bounds, and how answers go out."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from factory_metrics.api.app import App, MetricsApi, Send
from factory_metrics.api.errors import Headers
from factory_metrics.api.framing import END_OF_HEAD, fault_of, is_head, may_become_head

_LONGEST_HEAD_BYTES = 32_768
_LONGEST_BODY_BYTES = 65_536  # with chunks' sizes and trailers
_LONGEST_REQUEST_SECONDS = 5
_LONGEST_UNREAD_SECONDS = 20
_LINGER_SECONDS = 1
_KEEP_ALIVE_SECONDS = 75  # longer than nginx keeps its own connections, 60


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with refusals in the documented format and bounds on what a connection takes.

    A request is answered when all of it is there. Its body and trailers are thrown away: nothing here has
    a use for them, and a trailer must not pass for a header that a proxy wrote or checked.
    """

    api: MetricsApi  # set for each server in `uvicorn_config`
    # Who keeps count of connections: told when one got an answer, and when it is gone.
    rested: Callable[["HttpProtocol"], None] = staticmethod(lambda _: None)
    lost: Callable[["HttpProtocol"], None] = staticmethod(lambda _: None)

    # Bytes that came, of which those before `_at` are parsed, and those before `_checked` may be a head.
    _buffer = b""
    _at = 0
    _checked = 0
    # Of the request that is arriving: whether its headers are not complete yet, the bytes of its body that
    # are still to come (-1: in chunks), those that came, and when it began (0.0 between requests).
    _in_head = True
    _wants_body = True  # not so for HEAD
    _left = 0
    _size = 0
    _since = 0.0
    # Since when the client has not read what it asked for (0.0: it has).
    _unread_since = 0.0
    _is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection; the first request must come soon."""
        super().connection_made(transport)
        self._since = self.loop.time()
        if self._is_refused:
            transport.abort()  # it made room for another one meanwhile

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that a connection is gone."""
        super().connection_lost(exc)
        self.lost(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes of requests."""
        if not self._is_refused:
            self._buffer = self._buffer[self._at :] + data
            self._checked -= self._at
            self._at = 0
            self._parse()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, but no trailer."""
        if self._in_head:
            super().on_header(name, value.strip(b" \t"))

    def on_headers_complete(self) -> None:
        """Check what the headers say of the body, and wait for it."""
        self._in_head, self._size = False, 0
        method, version = self.parser.get_method(), self.parser.get_http_version()
        upgrades = self.parser.should_upgrade()
        if fault := fault_of(method, version, self.headers, upgrades=upgrades):
            self._refuse("BAD_REQUEST", fault)
            return
        length = next((value for name, value in self.headers if name == b"content-length"), None)
        self._left = -1 if length is None else int(length)
        if self._left > _LONGEST_BODY_BYTES:
            self._refuse_body()
            return
        if self.expect_100_continue and version != "1.0" and self._left:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Throw a body away."""

    def on_message_complete(self) -> None:
        """Answer a request."""
        if self._is_refused:
            return
        super().on_headers_complete()
        super().on_message_complete()
        self._in_head, self._since = True, 0.0

    def on_response_complete(self) -> None:
        """Go on to the next request."""
        super().on_response_complete()
        self.rested(self)
        if self._at < len(self._buffer):
            self._parse()

    @property
    def is_idle(self) -> bool:
        """Whether all requests that came whole are answered."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def has_more(self) -> bool:
        """Whether bytes came that must wait for the answer to a request before them."""
        return self._at < len(self._buffer)

    def end(self) -> None:
        """End the connection at once."""
        self._is_refused = True
        if self.transport is not None:
            self.transport.abort()

    def pause_writing(self) -> None:
        """Note that the client reads too slowly."""
        super().pause_writing()
        self._unread_since = self.loop.time()

    def resume_writing(self) -> None:
        """Note that the client reads."""
        super().resume_writing()
        self._unread_since = 0.0

    def end_if_slow(self, now: float) -> None:
        """End a connection whose client sends or reads too slowly; called now and then."""
        if self.transport.is_closing():
            # What is still to be read keeps it open.
            self._unread_since = self._unread_since or now
        if self._unread_since and now - self._unread_since > _LONGEST_UNREAD_SECONDS:
            self.transport.abort()
        elif self._since and self.flow.read_paused:
            self._since = now  # it waits for us
        elif self._since and now - self._since > _LONGEST_REQUEST_SECONDS:
            if self._in_head and self._buffer[self._at :] in {b"", b"\r\n"}:
                self.transport.close()  # nothing was asked, so there is nothing to answer
            else:
                self._refuse("REQUEST_TIMEOUT", f"A request must arrive in {_LONGEST_REQUEST_SECONDS} s.")

    def _parse(self) -> None:
        """Parse what came, up to the end of a request; the next one waits for the answer."""
        while self._at < len(self._buffer) and self.is_idle:
            if self.transport.is_closing() or self._is_refused:
                self._buffer, self._at = b"", 0
                return
            self._unset_keepalive_if_required()
            self._since = self._since or self.loop.time()
            end = self._end_of_head() if self._in_head else self._end_of_body()
            if end < 0:
                return
            piece = self._buffer[self._at : end]
            self._at = self._checked = end
            try:
                self.parser.feed_data(piece)
            except httptools.HttpParserUpgrade:
                pass  # we stay with HTTP/1.1, so what follows is the next request
            except httptools.HttpParserError:
                self._refuse("BAD_REQUEST", "This is not a valid HTTP request.")
        if self._at < len(self._buffer):
            self.flow.pause_reading()

    def _end_of_head(self) -> int:
        """Return where the request line and the headers end; -1 when they are not all there, or refused."""
        found = self._buffer.find(END_OF_HEAD, max(self._at, self._checked - len(END_OF_HEAD)))
        end = len(self._buffer) if found < 0 else found + len(END_OF_HEAD)
        head = self._buffer[self._at : end]
        self._wants_body = not head.startswith((b"HEAD ", b"\r\nHEAD "))
        if len(head) > _LONGEST_HEAD_BYTES:
            self._refuse("HEADERS_TOO_LARGE", f"URL and headers may have {_LONGEST_HEAD_BYTES} bytes.")
        elif not (is_head(head) if found >= 0 else may_become_head(head, self._checked - self._at)):
            self._refuse("BAD_REQUEST", "This is not a valid HTTP request.")
        elif found >= 0:
            return end
        self._checked = end
        return -1

    def _end_of_body(self) -> int:
        """Return up to where bytes can only be of this request; -1 when it has too many."""
        end = len(self._buffer)
        if self._left < 0:
            # A body in chunks, and the trailers after it, end with a line.
            end = self._buffer.find(b"\n", self._at) + 1 or end
        else:
            end = min(end, self._at + self._left)
            self._left -= end - self._at
        self._size += end - self._at
        if self._size > _LONGEST_BODY_BYTES:
            self._refuse_body()
            return -1
        return end

    def _refuse_body(self) -> None:
        self._refuse("CONTENT_TOO_LARGE", f"The body may have {_LONGEST_BODY_BYTES} bytes.")

    def _refuse(self, code: str, message: str) -> None:
        """Say why no more requests are taken, and close."""
        if self._is_refused or self.transport.is_closing():
            return
        self._is_refused, self._since = True, 0.0
        peer = self.client[0] if self.client else "local"
        answer = self.api.refuse(code, message, peer, has_body=self._wants_body)
        lines = [b"%b: %b\r\n" % header for header in (*self.server_state.default_headers, *answer.headers)]
        self.transport.write(b"".join([STATUS_LINE[answer.status], *lines, b"\r\n", answer.content]))
        self.transport.write_eof()
        # Bytes that nobody took would reset the connection, and the client would not see the answer.
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)


def respond(send: Send, head: bytes, headers: Headers, content: bytes) -> bool:
    """Send an answer in one piece, as uvicorn's `send` would in two; the head must have the body's length.

    False, and nothing is sent, when the client reads too slowly or is gone.
    """
    cycle = getattr(send, "__self__", None)
    if not isinstance(cycle, RequestResponseCycle):
        return False
    if cycle.flow.write_paused or cycle.disconnected or cycle.response_started:
        return False
    lines = [head]
    for header in cycle.default_headers:
        lines.append(b"%b: %b\r\n" % header)  # noqa: PERF401 - the fastest way
    for header in headers:
        lines.append(b"%b: %b\r\n" % header)  # noqa: PERF401 - as above
    lines.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
    if cycle.scope["method"] != "HEAD":
        lines.append(content)
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.transport.write(b"".join(lines))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True


def uvicorn_config(app: App, api: MetricsApi, shutdown_seconds: int) -> uvicorn.Config:
    """Return how uvicorn serves an application; `api` words its refusals."""
    protocol = type("Protocol", (HttpProtocol,), {"api": api})
    return uvicorn.Config(
        cast("Any", app),
        http=protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=shutdown_seconds,
    )
