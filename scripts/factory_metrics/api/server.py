"""Run the application: sockets, background work, graceful shutdown."""

import asyncio
import contextlib
import errno
import gc
import logging
import signal
import socket
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, cast

import httptools
import uvicorn
import uvloop
from msgspec import Struct
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from factory_metrics.api.app import Answer, App, MetricsApi, Receive, Scope, Send
from factory_metrics.api.authentication import Authenticator
from factory_metrics.api.data import Publication, Snapshot
from factory_metrics.api.errors import ApiError, Headers, internal_error, not_allowed, not_found
from factory_metrics.api.keys import KeyStore
from factory_metrics.api.limits import Limiter, Policy, RedisLink
from factory_metrics.api.settings import Settings
from factory_metrics.api.telemetry import Gauge, LogWriter, Telemetry, start_logging
from factory_metrics.output import Selection
from factory_metrics.settings import UserError, time_ranges

_LONGEST_HEAD_BYTES = 32_768
_LONGEST_BODY_BYTES = 65_536  # with chunks' sizes and trailers
_LONGEST_REQUEST_SECONDS = 5
_LONGEST_UNREAD_SECONDS = 20
# The shortest request has 18 bytes and takes some 3 KB.
_PIECE_BYTES = 1024
_LINGER_SECONDS = 1
_MOST_WAITING = 2048
_KEEP_ALIVE_SECONDS = 75  # longer than nginx keeps its own connections, 60
_SECONDS_BETWEEN_FLUSHES = 0.1
_METRICS_PORT_PATH = "/metrics"

_log = logging.getLogger(__name__)


class Ports(Struct, frozen=True):
    """Where the server listens: URLs of the endpoint and of its metrics."""

    url: str
    metrics_url: str


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


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Do nothing."""
        yield


def run(settings: Settings, started: Callable[[Ports], None]) -> None:
    """Serve until SIGTERM or SIGINT; `started` is called when requests are welcome.

    Raises:
        UserError: a port cannot be used, or the key store cannot be opened.

    """
    store = KeyStore(settings.keys_database)
    store.prepare()
    with (
        _listen(settings.host, settings.port, "FACTORY_API_HOST", "FACTORY_API_PORT") as endpoint,
        _listen(
            settings.metrics_host,
            settings.metrics_port,
            "FACTORY_API_METRICS_HOST",
            "FACTORY_API_METRICS_PORT",
        ) as metrics,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_serve(settings, store, endpoint, metrics, started))


async def _serve(
    settings: Settings,
    store: KeyStore,
    endpoint: socket.socket,
    metrics: socket.socket,
    started: Callable[[Ports], None],
) -> None:
    """Put the application together, and run it with its background work."""
    telemetry = Telemetry()
    redis = RedisLink(settings.redis_url) if settings.redis_url else None
    limiter = Limiter(Policy("default", settings.rate_per_minute, settings.rate_burst), redis)
    failures = Limiter(
        Policy("failed-authentication", settings.failures_per_minute, settings.failures_burst), redis
    )
    authenticator = Authenticator(store)
    marts = Selection().marts(time_ranges())
    publication = Publication(
        settings.warehouse, marts, settings.memory_limit, settings.document_cache_mb * 1_000_000
    )
    log = LogWriter()
    start_logging(log)
    api = MetricsApi(
        settings,
        publication=publication,
        authenticator=authenticator,
        limiter=limiter,
        failures=failures,
        telemetry=telemetry,
        log=log,
        respond=respond,
    )
    _observe(
        telemetry,
        publication=publication,
        authenticator=authenticator,
        limiter=limiter,
        redis=redis,
        log=log,
    )
    main = _Server(uvicorn_config(api, api, settings.shutdown_seconds))
    side = _Server(uvicorn_config(_metrics_app(api, telemetry), api, settings.shutdown_seconds))

    def stop() -> None:
        main.force_exit = main.should_exit  # the second time
        main.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await authenticator.poll()
    await publication.look()
    background = [
        asyncio.create_task(work)
        for work in (
            publication.watch(),
            authenticator.watch(),
            _flush(log),
            _end_slow(main),
            _end_slow(side),
        )
    ]
    # What lives as long as the server needs no looking at by the garbage collector.
    gc.collect()
    gc.freeze()
    serving = asyncio.create_task(side.serve(sockets=[metrics]))
    ports = Ports(_url(endpoint), _url(metrics))

    def announce() -> None:
        _log.info("listening at %s, metrics at %s/metrics", ports.url, ports.metrics_url)
        started(ports)

    announcement = asyncio.create_task(_announce(main, side, announce))
    try:
        await main.serve(sockets=[endpoint])
    finally:
        side.should_exit = True
        await serving
        for task in (*background, announcement):
            task.cancel()
        await publication.close()
        authenticator.close()
        if redis is not None:
            await redis.client.aclose()
        store.close()
        _log.info("stopped")
        log.close()


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


def _metrics_app(api: MetricsApi, telemetry: Telemetry) -> App:
    """Return the application of the metrics' port."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        try:
            answer = _metrics_answer(api, telemetry, scope["method"], scope["path"])
        except ApiError as error:
            answer = api.refusal(error)
        except Exception:  # noqa: BLE001 - the documented format, whatever happens
            _log.exception("rendering the metrics failed")
            answer = api.refusal(internal_error())
        start = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        await send(start)
        await send({"type": "http.response.body", "body": answer.content})

    return app


def _metrics_answer(api: MetricsApi, telemetry: Telemetry, method: str, path: str) -> Answer:
    """Answer a request at the metrics' port.

    Raises:
        ApiError: there is nothing at the path, or the method is not allowed.

    """
    if path != _METRICS_PORT_PATH:
        probe = api.probe(method, path)
        if probe is None:
            raise not_found(_METRICS_PORT_PATH)
        return probe
    if method not in {"GET", "HEAD"}:
        raise not_allowed()
    content = telemetry.render()
    kind = (b"content-type", b"text/plain; version=1.0.0; charset=utf-8")
    return Answer(200, [kind, (b"content-length", str(len(content)).encode())], content)


def _observe(  # noqa: PLR0913 - all that is observed
    telemetry: Telemetry,
    *,
    publication: Publication,
    authenticator: Authenticator,
    limiter: Limiter,
    redis: RedisLink | None,
    log: LogWriter,
) -> None:
    """Let the metrics show the state of the parts."""

    def age(of: Callable[[Snapshot], float]) -> float | None:
        return None if publication.current is None else time.time() - of(publication.current)

    def size() -> float | None:
        return None if publication.current is None else publication.current.size

    telemetry.gauges += [
        Gauge(
            "warehouse_up",
            "Whether a published warehouse is served.",
            lambda: publication.current is not None,
        ),
        Gauge("data_age_seconds", "Time since the as-of.", lambda: age(lambda s: s.as_of.timestamp())),
        Gauge(
            "publication_age_seconds",
            "Time since the warehouse was published.",
            lambda: age(lambda s: s.published),
        ),
        Gauge(
            "document_cache_bytes",
            "Documents in memory.",
            size,
        ),
        Gauge("keys_remembered", "Keys in memory, good and bad.", lambda: authenticator.size),
        Gauge("key_store_up", "Whether the key store answers.", lambda: authenticator.is_ready),
        Gauge("buckets_in_memory", "Rate limits that are counted in this process.", lambda: len(limiter)),
    ]
    telemetry.counters += [
        Gauge("publications", "Warehouses that were served.", lambda: publication.switches),
        Gauge("dropped_log_lines", "Lines that nobody read in time.", lambda: log.dropped),
    ]
    if redis is not None:
        telemetry.gauges.append(Gauge("redis_up", "Whether limits are shared in Redis.", lambda: redis.is_up))
        telemetry.counters.append(
            Gauge("redis_failures", "Times that Redis did not answer.", lambda: redis.failures)
        )


async def _announce(main: _Server, side: _Server, started: Callable[[], None]) -> None:
    """Say when both servers take requests."""
    while not (main.started and side.started):  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    started()


async def _flush(log: LogWriter) -> None:
    while True:
        await asyncio.sleep(_SECONDS_BETWEEN_FLUSHES)
        try:
            log.flush()
        except Exception:  # noqa: BLE001 - it must go on flushing
            _log.exception("flushing the log failed")


async def _end_slow(server: _Server) -> None:
    """End connections that hold a place and send nothing whole."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(1)
        for connection in list(server.server_state.connections):
            try:
                cast("HttpProtocol", connection).end_if_slow(loop.time())
            except Exception:  # noqa: BLE001 - it must go on with the others
                _log.exception("ending a slow connection failed")


@contextlib.contextmanager
def _listen(host: str, port: int, host_setting: str, port_setting: str) -> Iterator[socket.socket]:
    """Open a socket that connections can queue at."""
    advice = f"set {host_setting} to an address of this machine"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen(_MOST_WAITING)
        except OSError as error:
            listener.close()
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                advice = f"set {port_setting} to a free port"
            raise
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no valid name"
        message = f"cannot listen at {host}:{port} ({reason}): {advice}"
        raise UserError(message) from error
    with listener:
        yield listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
