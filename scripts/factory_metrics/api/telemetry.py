"""What the server tells its operators: metrics for Prometheus and logs as JSON lines, never with a key."""

import logging
import os
import re
import sys
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Any

import msgspec
from msgspec import Struct
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

# Seconds.
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_NAME = "factory_metrics_api_"
# Few and large writes, as each wakes a thread that competes with the event loop for the interpreter.
_FLUSH_BYTES = 262_144
_MOST_WAITING = 64
_SECRET = re.compile(r"[0-9A-Fa-f]{32,}")
_LONGEST_PATH = 200


def redacted(text: str) -> str:
    """Return a text without what may be a key: long runs of hexadecimal digits."""
    return _SECRET.sub("[redacted]", text)


class Gauge(Struct, frozen=True):
    """A value that is asked for when the metrics are read."""

    name: str
    help: str
    read: Callable[[], float | None]


class Telemetry(Collector):
    """Counts of this process. Only the event loop's thread counts, so no lock is needed."""

    def __init__(self) -> None:
        """Start at zero."""
        self.gauges: list[Gauge] = []
        self.counters: list[Gauge] = []
        # By status and metric type.
        self._requests: dict[tuple[int, str], int] = {}
        self._durations = [0] * (len(_BUCKETS) + 1)
        self._seconds = 0.0
        self._refused: dict[str, int] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def count(self, status: int, metric_type: str, seconds: float) -> None:
        """Count an answer and how long it took."""
        name = (status, metric_type)
        self._requests[name] = self._requests.get(name, 0) + 1
        self._durations[bisect_left(_BUCKETS, seconds)] += 1
        self._seconds += seconds

    def count_refused(self, reason: str) -> None:
        """Count a request that was turned away: `rate_limit`, `failed_authentication`..."""
        self._refused[reason] = self._refused.get(reason, 0) + 1

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics, for prometheus-client."""
        requests = CounterMetricFamily(f"{_NAME}requests", "Answers.", labels=["status", "metric_type"])
        for (status, metric_type), number in sorted(self._requests.items()):
            requests.add_metric([str(status), metric_type], number)
        yield requests
        cumulative, buckets = 0, []
        for edge, number in zip([*map(str, _BUCKETS), "+Inf"], self._durations, strict=True):
            cumulative += number
            buckets.append((edge, cumulative))
        seconds = HistogramMetricFamily(f"{_NAME}request_seconds", "Time from request to answer.")
        seconds.add_metric([], buckets, self._seconds)
        yield seconds
        refused = CounterMetricFamily(f"{_NAME}refused", "Requests that were turned away.", labels=["reason"])
        for reason in ("rate_limit", "failed_authentication", "unauthorized", "forbidden"):
            refused.add_metric([reason], self._refused.get(reason, 0))
        yield refused
        for family, values in ((CounterMetricFamily, self.counters), (GaugeMetricFamily, self.gauges)):
            for gauge in values:
                value = gauge.read()
                if value is not None:
                    yield family(f"{_NAME}{gauge.name}", gauge.help, value=value)


class AccessLine(Struct, rename="camel"):
    """A line of the access log."""

    time: datetime
    request_id: str
    address: str
    method: str
    path: str
    metric_type: str | None
    time_range: str | None
    status: int
    bytes: int
    duration_ms: float
    key_prefix: str | None
    key_id: int | None
    org_id: str | None
    level: str = "info"
    logger: str = "access"


class LogWriter:
    """Writes lines to stderr in a thread of its own, so that a slow reader slows no request."""

    def __init__(self) -> None:
        """Start the thread."""
        self.dropped = 0
        self._encode = msgspec.json.Encoder().encode_into
        self._buffer = bytearray()
        self._chunks: SimpleQueue[bytes | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def access(self, line: AccessLine) -> None:
        """Add a line to the access log."""
        buffer = self._buffer
        self._encode(line, buffer, -1)
        buffer += b"\n"
        if len(buffer) > _FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand what was logged to the thread; called now and then by the event loop."""
        if self._buffer:
            self.write(bytes(self._buffer))
            self._buffer.clear()

    def write(self, chunk: bytes) -> None:
        """Write whole lines; when the reader is too slow they are dropped, and counted."""
        if self._chunks.qsize() >= _MOST_WAITING:
            self.dropped += chunk.count(b"\n")
        else:
            self._chunks.put(chunk)

    def close(self) -> None:
        """Write what is left."""
        self.flush()
        self._chunks.put(None)
        self._thread.join(timeout=2)

    def _write(self) -> None:
        while True:
            chunk = self._chunks.get()
            if chunk is None:
                return
            try:
                while chunk:
                    chunk = chunk[os.write(sys.stderr.fileno(), chunk) :]
            except OSError:
                self.dropped += chunk.count(b"\n")


class JsonHandler(logging.Handler):
    """Writes the program's own log in the same form as the access log."""

    def __init__(self, writer: LogWriter) -> None:
        """Write through the writer."""
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; a traceback goes here, and to no client."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redacted(record.getMessage()),
        }
        if record.exc_info:
            line["exception"] = redacted(logging.Formatter().formatException(record.exc_info))
        self._writer.write(msgspec.json.encode(line) + b"\n")


def start_logging(writer: LogWriter) -> None:
    """Send all logs of the program to the writer."""
    root = logging.getLogger()
    root.handlers = [JsonHandler(writer)]
    root.setLevel(logging.INFO)
    # It says what we say, or what the access log says.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)


def shown_path(path: str) -> str:
    """Return a path that nobody knows as it may be logged."""
    return redacted(path)[:_LONGEST_PATH]
