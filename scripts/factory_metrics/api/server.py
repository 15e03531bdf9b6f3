"""Run the application: sockets, background work, graceful shutdown."""

import asyncio
import contextlib
import errno
import gc
import logging
import signal
import socket
from collections.abc import Callable, Generator, Iterator
from typing import cast

import uvicorn
import uvloop
from msgspec import Struct

from factory_metrics.api.app import MetricsApi
from factory_metrics.api.authentication import Authenticator
from factory_metrics.api.connections import Connections, most_connections
from factory_metrics.api.data import Publication
from factory_metrics.api.keys import KeyStore
from factory_metrics.api.limits import Limiter, Policy, RedisLink
from factory_metrics.api.monitoring import metrics_app, observe
from factory_metrics.api.protocol import HttpProtocol, respond, uvicorn_config
from factory_metrics.api.settings import Settings
from factory_metrics.api.telemetry import LogWriter, Telemetry, start_logging
from factory_metrics.documents.output import Selection
from factory_metrics.project import UserError, time_ranges

_MOST_WAITING = 2048
_MOST_MONITORS = 32
_SECONDS_BETWEEN_FLUSHES = 0.1

_log = logging.getLogger(__name__)


class Ports(Struct, frozen=True):
    """Where the server listens: URLs of the endpoint and of its metrics."""

    url: str
    metrics_url: str


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to us, and takes connections as we say."""

    def __init__(self, config: uvicorn.Config, connections: Connections) -> None:
        """Serve these connections."""
        super().__init__(config)
        self._connections = connections

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take connections."""
        del sockets  # `connections` has it
        await self.lifespan.startup()
        loop = asyncio.get_running_loop()

        def make_protocol() -> HttpProtocol:
            make = cast("type[HttpProtocol]", self.config.http_protocol_class)
            return make(self.config, self.server_state, {}, loop)

        self.servers = [cast("asyncio.Server", self._connections)]
        self._connections.start(make_protocol)
        self.started = True

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
        settings.warehouse,
        marts,
        settings.memory_limit,
        settings.document_cache_mb * 1_000_000,
        is_strict=settings.strict,
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
    connections = Connections(
        endpoint,
        most_connections(settings.connections),
        settings.connections_per_address,
        settings.trusted_proxies,
    )
    observe(
        telemetry,
        publication=publication,
        authenticator=authenticator,
        limiter=limiter,
        redis=redis,
        log=log,
        connections=connections,
    )
    main = _Server(uvicorn_config(api, api, settings.shutdown_seconds), connections)
    side = _Server(
        uvicorn_config(metrics_app(api, telemetry), api, settings.shutdown_seconds),
        Connections(metrics, _MOST_MONITORS, _MOST_MONITORS),
    )

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
