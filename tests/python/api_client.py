"""Run the endpoint as users run it, a process of its own, and ask it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from conftest import ROOT

from factory_metrics.api.keys import KeyStore

PATH = "/api/factory/metrics"
# What no answer may hold: tracebacks, paths, SQL, names of our parts.
LEAKS = re.compile(
    rb"Traceback|File \"|/tmp|\.py\b|\.duckdb|SELECT |FROM |sqlite|duckdb|uvicorn|psycopg|rsk_live_",
    re.IGNORECASE,
)


@dataclass
class Api:
    """A running endpoint."""

    process: subprocess.Popen[bytes]
    url: str
    metrics_url: str
    keys: KeyStore
    log: Path

    def key(self, org: str = "acme", **options: Any) -> str:  # noqa: ANN401 - as KeyStore.create takes them
        """Make a key."""
        return self.keys.create(org, **options)[0]

    def get(
        self, key: str | None, query: str = "", *, method: str = "GET", path: str = PATH, **headers: str
    ) -> requests.Response:
        """Ask; underscores in names of headers stand for hyphens."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        sent.setdefault("Accept-Encoding", "identity")
        return requests.request(method, f"{self.url}{path}{query}", headers=sent, timeout=10)

    def raw(self, request: bytes, seconds: float = 5) -> bytes:
        """Send bytes and return all that comes until the server closes the connection."""
        host, port = self.url.removeprefix("http://").split(":")
        answer = b""
        with socket.create_connection((host, int(port)), timeout=seconds) as connection:
            connection.sendall(request)
            while received := connection.recv(65536):
                answer += received
        return answer

    def lines(self) -> list[dict[str, Any]]:
        """Return the log so far."""
        text = self.log.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if text.endswith("\n") or line != text]

    def metric(self, name: str) -> float:
        """Return a value of the metrics, by its name and labels."""
        text = requests.get(f"{self.metrics_url}/metrics", timeout=10).text
        found = re.search(rf"^factory_metrics_api_{re.escape(name)} (\S+)$", text, re.MULTILINE)
        assert found, f"{name} is not in:\n{text}"
        return float(found[1])

    def stop(self) -> int:
        """End it gracefully and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=15)


def error_of(answer: requests.Response) -> str:
    """Return the code of an error, which must have the documented format and leak nothing."""
    return check_error(answer.status_code, answer.headers["content-type"], answer.content)


def check_error(status: int, content_type: str, content: bytes) -> str:
    document = json.loads(content)
    assert content_type == "application/json"
    assert list(document) == ["error"]
    assert list(document["error"]) == ["code", "message", "status"]
    assert document["error"]["status"] == status
    assert document["error"]["message"]
    assert not LEAKS.search(content), content
    code: str = document["error"]["code"]
    return code


def eventually(check: Callable[[], object], seconds: float = 5.0) -> float:
    """Wait until the check holds; return how long it took."""
    started = time.monotonic()
    while not check():
        assert time.monotonic() - started < seconds, "it did not happen in time"
        time.sleep(0.02)
    return time.monotonic() - started


@contextmanager
def serving(folder: Path, warehouse: Path, **settings: str) -> Iterator[Api]:
    """Run the endpoint on free ports, with keys in SQLite unless settings say otherwise."""
    folder.mkdir(exist_ok=True)
    values = {"keys_url": f"sqlite:///{folder / 'keys.sqlite'}", "port": "0", "metrics_port": "0"} | settings
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FACTORY_")}
    environment = clean | {f"FACTORY_API_{name.upper()}": value for name, value in values.items()}
    log = folder / "log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, ROOT / "scripts" / "serve.py"],
            env=environment | {"FACTORY_WAREHOUSE": str(warehouse)},
            stderr=stderr,
        )
    store = KeyStore(values["keys_url"].replace("postgresql:", "postgresql+psycopg:"))
    try:
        found: list[re.Match[str]] = []

        def listening() -> bool:
            assert process.poll() is None, log.read_text(encoding="utf-8")
            found.extend(re.finditer(r"listening at (\S+), metrics at (\S+)/metrics", log.read_text("utf-8")))
            return bool(found)

        eventually(listening, 20)
        yield Api(process, found[0][1], found[0][2], store, log)
    finally:
        store.close()
        if process.poll() is None:
            process.kill()
            process.wait()
