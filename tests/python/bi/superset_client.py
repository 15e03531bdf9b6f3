"""A real Superset of a test's own: how it is started, and how it is asked as its pages ask it."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from conftest import ROOT

PYTHON = ROOT / ".venv-bi" / "bin" / "python"
ADMIN = "admin"

CONFIG = """
SECRET_KEY = "a test's, and of this server only"
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db"
TALISMAN_ENABLED = False
WTF_CSRF_ENABLED = False
RATELIMIT_ENABLED = False
"""


@dataclass
class Superset:
    """A Superset that answers at `url`."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def log_in(self) -> None:
        """Log in."""
        login = {"username": ADMIN, "password": ADMIN, "provider": "db"}
        token = self.call("POST", "security/login", json=login)["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, json: object = None) -> dict[str, Any]:
        """Call the API, which must succeed; return what it answers."""
        answer = self.session.request(method, f"{self.url}/api/v1/{path}", json=json, timeout=120)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        body = answer.json()
        assert isinstance(body, dict)
        return body

    def query(self, dataset: int, **query: object) -> dict[str, Any]:
        """Ask as a chart does; return the result."""
        request = {
            "datasource": {"id": dataset, "type": "table"},
            "queries": [{"filters": [], "row_limit": 10_000, **query}],
            "result_format": "json",
            "result_type": "full",
        }
        [result] = self.call("POST", "chart/data", json=request)["result"]
        assert result["status"] == "success", result
        assert isinstance(result, dict)
        return result


@contextmanager
def running(folder: Path, bundle: Path) -> Iterator[Superset]:
    """Start a Superset with its own data in a folder, import a dashboard, and log in."""
    (folder / "config.py").write_text(CONFIG.format(folder=folder))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"SUPERSET_CONFIG_PATH": str(folder / "config.py"), "SUPERSET_HOME": str(folder)}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [PYTHON, Path(__file__).parent / "serve_superset.py", str(port), bundle, ADMIN],
            env=os.environ | settings,
            stdout=log,
            stderr=log,
        )
    server = Superset(f"http://127.0.0.1:{port}")
    try:
        _wait(server, process, folder / "log")
        server.log_in()
        yield server
    finally:
        process.terminate()
        process.wait(timeout=120)


def _wait(server: Superset, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until it answers."""
    deadline = time.monotonic() + 300
    while process.poll() is None and time.monotonic() < deadline:
        try:
            requests.get(f"{server.url}/health", timeout=60)
        except requests.RequestException:
            time.sleep(0.5)
        else:
            return
    message = f"Superset did not start: {log.read_text(encoding='utf-8', errors='replace')[-3000:]}"
    raise AssertionError(message)
