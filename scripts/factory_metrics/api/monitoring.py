"""What monitoring asks: the port with `/metrics`, and the state of the parts in it."""

import logging
import time
from collections.abc import Callable

from factory_metrics.api.answers import Answer
from factory_metrics.api.app import App, MetricsApi, Receive, Scope, Send
from factory_metrics.api.authentication import Authenticator
from factory_metrics.api.connections import Connections
from factory_metrics.api.data import Publication
from factory_metrics.api.errors import ApiError, internal_error, not_allowed, not_found
from factory_metrics.api.limits import Limiter, RedisLink
from factory_metrics.api.snapshot import Snapshot
from factory_metrics.api.telemetry import Gauge, LogWriter, Telemetry

_PATH = "/metrics"

_log = logging.getLogger(__name__)


def metrics_app(api: MetricsApi, telemetry: Telemetry) -> App:
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
    if path != _PATH:
        probe = api.probe(method, path)
        if probe is None:
            raise not_found(_PATH)
        return probe
    if method not in {"GET", "HEAD"}:
        raise not_allowed()
    content = telemetry.render()
    kind = (b"content-type", b"text/plain; version=1.0.0; charset=utf-8")
    return Answer(200, [kind, (b"content-length", str(len(content)).encode())], content)


def observe(  # noqa: PLR0913 - all that is observed
    telemetry: Telemetry,
    *,
    publication: Publication,
    authenticator: Authenticator,
    limiter: Limiter,
    redis: RedisLink | None,
    log: LogWriter,
    connections: Connections,
) -> None:
    """Let the metrics show the state of the parts."""

    def age(of: Callable[[Snapshot], float]) -> float | None:
        return None if publication.current is None else time.time() - of(publication.current)

    def size() -> float | None:
        return None if publication.current is None else publication.current.size

    telemetry.gauges += [
        Gauge(
            "warehouse_up",
            "Whether a warehouse is served.",
            lambda: publication.current is not None,
        ),
        Gauge(
            "warehouse_stale",
            "Whether an older warehouse is served, as the published one cannot be.",
            lambda: publication.is_stale,
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
        Gauge("connections", "Open connections.", lambda: len(connections)),
        Gauge("keys_remembered", "Keys in memory, good and bad.", lambda: authenticator.size),
        Gauge("key_store_up", "Whether the key store answers.", lambda: authenticator.is_ready),
        Gauge("buckets_in_memory", "Rate limits that are counted in this process.", lambda: len(limiter)),
    ]
    telemetry.counters += [
        Gauge("publications", "Warehouses that were served.", lambda: publication.switches),
        Gauge("connections_ended", "Connections that made room for others.", lambda: connections.ended),
        Gauge("dropped_log_lines", "Lines that nobody read in time.", lambda: log.dropped),
    ]
    if redis is not None:
        telemetry.gauges.append(Gauge("redis_up", "Whether limits are shared in Redis.", lambda: redis.is_up))
        telemetry.counters.append(
            Gauge("redis_failures", "Times that Redis did not answer.", lambda: redis.failures)
        )
