"""HTTP on a connection: what is taken from it, in which bounds, and how answers go out."""

import asyncio
from typing import Any, cast

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from factory_metrics.api.app import App, MetricsApi, Send
from factory_metrics.api.errors import Headers

_LONGEST_HEAD_BYTES = 32_768
_LONGEST_BODY_BYTES = 65_536  # with chunks' sizes and trailers
_LONGEST_REQUEST_SECONDS = 5
_LONGEST_UNREAD_SECONDS = 20
# The shortest request has 18 bytes and takes some 3 KB.
_PIECE_BYTES = 1024
_LINGER_SECONDS = 1
_KEEP_ALIVE_SECONDS = 75  # longer than nginx keeps its own connections, 60


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with refusals in the documented format and bounds on what a connection takes.

    A request is answered when all of it is there. Its body and trailers are thrown away: nothing here has
    a use for them, and a trailer must not pass for a header that a proxy wrote or checked.
    """

    api: MetricsApi  # set for each server in `_protocol`

    # Bytes that came and were not parsed yet.
    _unparsed = b""
    # Of the request that is arriving: whether its headers are not complete yet, the bytes so far of the
    # headers (then: of the rest), and when it began (0.0 between requests).
    _in_head = True
    _size = 0
    _since = 0.0
    # Since when the client has not read what it asked for (0.0: it has).
    _unread_since = 0.0
    _refusal: tuple[str, str] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection; the first request must come soon."""
        super().connection_made(transport)
        self._since = self.loop.time()

    def data_received(self, data: bytes) -> None:
        """Take bytes of requests."""
        if self._refusal is None:
            self._unparsed += data
            self._parse()

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._in_head = True
        self._since = self._since or self.loop.time()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, but no trailer."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Wait for the rest of the request."""
        self._in_head, self._size = False, 0
        if self.expect_100_continue and self._is_idle():
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Throw a body away."""

    def on_message_complete(self) -> None:
        """Answer a request, or queue it up behind those before it."""
        super().on_headers_complete()
        super().on_message_complete()
        self._in_head, self._size, self._since = True, 0, 0.0

    def on_response_complete(self) -> None:
        """Go on to the next request."""
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if self._refusal is not None:
            self._send_refusal()
        elif self._unparsed:
            self._parse()

    def pause_writing(self) -> None:
        """Note that the client reads too slowly."""
        super().pause_writing()
        self._unread_since = self.loop.time()

    def resume_writing(self) -> None:
        """Note that the client reads."""
        super().resume_writing()
        self._unread_since = 0.0

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        del msg
        self._refuse("BAD_REQUEST", "This is not a valid HTTP request.")

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
            self._refuse("REQUEST_TIMEOUT", f"A request must arrive in {_LONGEST_REQUEST_SECONDS} s.")

    def _parse(self) -> None:
        """Parse what came, as long as no request waits for its answer to begin.

        In small pieces: a piece is parsed to its end, however many requests it holds.
        """
        while self._unparsed and not self.pipeline and self._refusal is None:
            if self.transport.is_closing():
                self._unparsed = b""
                return
            piece, self._unparsed = self._unparsed[:_PIECE_BYTES], self._unparsed[_PIECE_BYTES:]
            self._since = self._since or self.loop.time()
            self._size += len(piece)
            self._unset_keepalive_if_required()
            try:
                self.parser.feed_data(piece)
            except httptools.HttpParserUpgrade as upgrade:
                # We stay with HTTP/1.1, so what follows is the next request.
                self._unparsed = piece[upgrade.args[0] :] + self._unparsed
            except httptools.HttpParserError:
                self.send_400_response("")
            if self._in_head and self._size > _LONGEST_HEAD_BYTES:
                self._refuse("HEADERS_TOO_LARGE", f"URL and headers may have {_LONGEST_HEAD_BYTES} bytes.")
            elif self._size > _LONGEST_BODY_BYTES:
                self._refuse("CONTENT_TOO_LARGE", f"The body may have {_LONGEST_BODY_BYTES} bytes.")
        if self._unparsed:
            self.flow.pause_reading()

    def _is_idle(self) -> bool:
        """Whether all requests that came are answered."""
        return self.cycle is None or self.cycle.response_complete

    def _refuse(self, code: str, message: str) -> None:
        """Take no more requests, and say why when those before are answered."""
        if self._refusal is not None or self.transport.is_closing():
            return
        self._refusal = code, message
        self._unparsed, self._since = b"", 0.0
        if self._is_idle():
            self._send_refusal()

    def _send_refusal(self) -> None:
        """Answer with the refusal once no request is before it, and close."""
        if self._refusal is None or not self._is_idle():
            return
        peer = self.client[0] if self.client else "local"
        answer = self.api.refuse(*self._refusal, peer)
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
