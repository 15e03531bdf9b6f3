"""A platform's events API on this machine, as it is documented, with faults on demand."""

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "rsk_live_test-key-of-acme"
Fault = Callable[["Handler"], bool]


def instant(moment: datetime) -> str:
    """Return an instant as the platform writes it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def event(number: int, moment: datetime, **more: object) -> dict[str, object]:
    """Return an event as the platform answers it."""
    return {
        "id": f"evt_{number:05}",
        "eventType": "work-item.started",
        "issueId": f"LINEAR-{number}",
        "occurredAt": instant(moment),
        "payload": {"stage": "development"},
    } | more


@dataclass
class Platform:
    """What the server has and does. `faults` are taken one a request; one that returns True has answered."""

    events: list[dict[str, Any]] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    asked: list[tuple[str, str]] = field(default_factory=list)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    url: str = ""

    def answer(self, first: str, last: str) -> bytes:
        """Return the page of events from first to last, both included."""
        low, high = (datetime.fromisoformat(text) for text in (first, last))
        found = [row for row in self.events if low <= datetime.fromisoformat(str(row["occurredAt"])) <= high]
        return json.dumps({"events": found[:500]}, indent=1).encode()


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is sent in one piece, so that no acknowledgement is waited for
    platform: Platform
    asked: tuple[str, str]

    def do_GET(self) -> None:
        """Answer with the fault whose turn it is, or as documented."""
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        self.asked = (query["from"][0], query["to"][0])
        self.platform.asked.append(self.asked)
        if self.platform.faults and self.platform.faults.popleft()(self):
            return
        if self.headers["Authorization"] != f"Bearer {KEY}":
            self.reply(401, b'{"error": {"code": "UNAUTHORIZED"}}')
        elif url.path != "/api/factory/events" or query["limit"] != ["500"]:
            self.reply(404, b"{}")
        else:
            self.reply(200, self.platform.answer(*self.asked))

    def reply(self, status: int, body: bytes, *, cut: int = 0, headers: dict[str, str] | None = None) -> None:
        """Answer; `cut` is how many bytes are never sent."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body[: len(body) - cut])
        self.wfile.flush()
        if cut:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the platform's time."""
        del timestamp
        return format_datetime(self.platform.now(), usegmt=True)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has there
        """Say nothing."""


def status(number: int, body: bytes = b"{}", **headers: str) -> Fault:
    """Answer with a status."""

    def answer(handler: Handler) -> bool:
        handler.reply(number, body, headers=headers)
        return True

    return answer


def cut_off(handler: Handler) -> bool:
    """Drop the connection in the middle of the body."""
    handler.reply(200, handler.platform.answer(*handler.asked), cut=9)
    return True


def hang_up(handler: Handler) -> bool:
    """Drop the connection before the answer."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True
    return True


@contextmanager
def serving(platform: Platform) -> Iterator[Platform]:
    """Serve on a free port."""
    handler = type("OfPlatform", (Handler,), {"platform": platform})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        platform.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield platform
        finally:
            server.shutdown()


def some_events(count: int, hours: int) -> list[dict[str, object]]:
    """Return events that are spread over the last hours."""
    step = timedelta(hours=hours) / count
    return [event(number, datetime.now(UTC) - step * (number + 1)) for number in range(count)]
