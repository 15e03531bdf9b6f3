"""What operators rely on: settings, logs, metrics, health, and an end that cuts nobody off."""

import asyncio
import gc
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
import requests
from api_client import PATH, Api, check_error, error_of, eventually, serving
from conftest import ROOT

from factory_metrics.api.app import MetricsApi
from factory_metrics.api.authentication import Authenticator
from factory_metrics.api.data import Publication
from factory_metrics.api.keys import KeyStore
from factory_metrics.api.limits import Limiter, Policy
from factory_metrics.api.server import run
from factory_metrics.api.settings import Settings, read_settings
from factory_metrics.api.telemetry import Telemetry
from factory_metrics.documents.marts import Mart
from factory_metrics.project import UserError


@pytest.fixture(scope="module")
def api(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with serving(tmp_path_factory.mktemp("api"), warehouse) as running:
        yield running


# Settings


def test_defaults() -> None:
    settings = read_settings({})
    assert (settings.rate_per_minute, settings.rate_burst) == (1_000, 10_000)
    assert settings.host == "127.0.0.1"
    assert settings.warehouse.name == "factory.duckdb"


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("PORT", "80000", "a port from 0 to 65535"),
        ("PORT", "http", "a port from 0 to 65535"),
        ("RATE_PER_MINUTE", "0", "a whole number of 1 or more"),
        ("RATE_BURST", "1e4", "a whole number of 1 or more"),
        ("KEYS_URL", "mysql://root:secret@db/keys", "a database URL"),
        ("KEYS_URL", "sqlite://", "a database URL"),
        ("KEYS_URL", "keys.sqlite", "a database URL"),
        ("KEYS_URL", "sqlite+aiosqlite:////tmp/keys.sqlite", "a database URL"),
        ("KEYS_URL", "postgresql://user@host:x/keys", "a database URL"),
        ("PORT", "8_0", "a port from 0 to 65535"),
        ("PORT", " 80", "a port from 0 to 65535"),
        ("PORT", "٨٠", "a port from 0 to 65535"),
        ("RATE_BURST", "+5", "a whole number of 1 or more"),
        ("HOST", "h" * 300, "an address of this machine"),
        ("METRICS_HOST", "a\nb", "an address of this machine"),
        ("REDIS_URL", "redis://127.0.0.1:port/0", "a URL such as redis://"),
        ("REDIS_URL", "redis://127.0.0.1:99999999/0", "a URL such as redis://"),
        ("REDIS_URL", "redis://127.0.0.1:6379/0?bogus=1", "a URL such as redis://"),
        ("MEMORY_LIMIT", "1KB", "a size such as 512MB"),
        ("MEMORY_LIMIT", "1MB", "a size such as 512MB"),
        ("MEMORY_LIMIT", "99999999999999999999GB", "a size such as 512MB"),
        ("CORS_ORIGINS", "https://A.example", "origins such as https://"),
        ("CORS_ORIGINS", "https://a.example:443", "origins such as https://"),
        ("CORS_ORIGINS", "https://user@a.example", "origins such as https://"),
        ("CORS_ORIGINS", "https://a.example:x", "origins such as https://"),
        ("REDIS_URL", "localhost:6379", "a URL such as redis://"),
        ("CORS_ORIGINS", "*", "origins such as https://"),
        ("CORS_ORIGINS", "https://a.example/", "origins such as https://"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "addresses or networks"),
        ("ACCESS_LOG", "maybe", "`on` or `off`"),
        ("MEMORY_LIMIT", "1'; DROP", "a size such as 512MB"),
        ("PROT", "8000", "is no setting; there are: FACTORY_API_"),
    ],
)
def test_bad_settings(variable: str, value: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)) as error:
        read_settings({f"FACTORY_API_{variable}": value})
    assert f"FACTORY_API_{variable}" in str(error.value)
    assert "secret" not in str(error.value)


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    documented = set(re.findall(r"^\| `FACTORY_API_(\w+)` \|", page, re.MULTILINE))
    assert {name.lower() for name in documented} == set(Settings.__struct_fields__) - {"warehouse"}


@pytest.mark.parametrize("busy", ["port", "metrics_port"])
def test_a_port_in_use(warehouse: Path, tmp_path: Path, busy: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        values = {"port": "0", "metrics_port": "0", busy: str(taken.getsockname()[1])}
        environment = {f"FACTORY_API_{name.upper()}": value for name, value in values.items()}
        result = subprocess.run(
            [sys.executable, ROOT / "scripts" / "serve.py"],
            env=os.environ
            | environment
            | {
                "FACTORY_WAREHOUSE": str(warehouse),
                "FACTORY_API_KEYS_URL": f"sqlite:///{tmp_path / 'keys.sqlite'}",
            },
            check=False,
            capture_output=True,
            text=True,
            timeout=20,
        )
    assert result.returncode == 2
    assert re.fullmatch(rf"serve: cannot listen at .* set FACTORY_API_{busy.upper()} .*\n", result.stderr)


@pytest.mark.parametrize("name", ["host", "metrics_host"])
@pytest.mark.parametrize("host", ["192.0.2.1", "a..b", "x" * 70 + ".example"])
def test_a_host_that_is_not_ours(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, host: str
) -> None:
    monkeypatch.setenv("FACTORY_WAREHOUSE", str(warehouse))
    values = {
        "port": "0",
        "metrics_port": "0",
        "keys_url": f"sqlite:///{tmp_path / 'keys.sqlite'}",
        name: host,
    }
    settings = read_settings({f"FACTORY_API_{key.upper()}": value for key, value in values.items()})
    with pytest.raises(UserError, match=f"cannot listen at .* set FACTORY_API_{name.upper()} to an address"):
        run(settings, lambda _: None)


# Health, metrics, logs


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes(api: Api, path: str) -> None:
    for url in (api.url, api.metrics_url):
        answer = requests.get(f"{url}{path}", timeout=10)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert requests.head(f"{url}{path}", timeout=10).status_code == 200
        assert error_of(requests.post(f"{url}{path}", timeout=10)) == "METHOD_NOT_ALLOWED"


def test_metrics_count_what_happened(api: Api) -> None:
    key = api.key()
    name = 'requests_total{metric_type="%s",status="%d"}'

    def of(metric_type: str, status: int) -> float:
        text = requests.get(f"{api.metrics_url}/metrics", timeout=10).text
        found = re.search(re.escape(name % (metric_type, status)) + r" (\S+)", text)
        return float(found[1]) if found else 0.0

    before = of("cost", 200), of("none", 400), of("none", 401), of("cost", 304)
    etag = api.get(key, "?metricType=cost").headers["etag"]
    api.get(key, "?metricType=cost", If_None_Match=etag)
    api.get(key, "?metricType=x")
    api.get(None)
    assert (of("cost", 200), of("none", 400), of("none", 401), of("cost", 304)) == tuple(
        n + 1 for n in before
    )
    assert api.metric('refused_total{reason="unauthorized"}') >= 1
    assert api.metric("request_seconds_count") >= 4
    # The as-of of the warehouse is 2026-06-30, whatever the day of the test is.
    assert abs(api.metric("data_age_seconds") - (time.time() - 1_782_820_800)) < 60
    assert api.metric("publication_age_seconds") < 600
    for path in ("/", PATH):
        assert error_of(requests.get(f"{api.metrics_url}{path}", timeout=10)) == "NOT_FOUND"
    assert requests.head(f"{api.metrics_url}/metrics", timeout=10).status_code == 200
    assert error_of(api.get(None, path="/metrics")) == "NOT_FOUND"


def test_access_log(api: Api) -> None:
    key = api.key()
    api.get(key, "?metricType=cost&timeRange=7d&note=hello", X_Request_Id="mine-1", User_Agent=key)
    api.get(None, f"?key={key}", X_Request_Id="mine-2")
    api.get(None, path=f"/{key}", X_Request_Id="mine-3")
    api.get(key, method="HEAD", X_Request_Id="mine-4")
    wanted = {f"mine-{number}" for number in range(1, 5)}
    eventually(lambda: wanted <= {line.get("requestId") for line in api.lines()})
    lines = {line["requestId"]: line for line in api.lines() if "requestId" in line}
    line = lines["mine-1"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line["time"])
    assert 0 < line["durationMs"] < 5_000
    expected = {
        "address": "127.0.0.1",
        "method": "GET",
        "path": PATH,
        "metricType": "cost",
        "timeRange": "7d",
        "status": 200,
        "keyPrefix": key[:12],
        "orgId": "acme",
    }
    assert line | expected == line
    assert line["bytes"] > 100
    assert lines["mine-4"]["bytes"] == 0
    assert lines["mine-3"]["path"] == "/rsk_live_[redacted]"
    assert key not in api.log.read_text("utf-8")


def test_access_log_can_be_off(warehouse: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "api", warehouse, access_log="off") as api:
        assert api.get(api.key()).status_code == 200
        assert api.stop() == 0
        assert all("requestId" not in line for line in api.lines())


def test_a_log_that_nobody_reads_holds_nobody_up(warehouse: Path, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    environment = {"FACTORY_API_PORT": "0", "FACTORY_API_METRICS_PORT": "0"}
    environment |= {"FACTORY_WAREHOUSE": str(warehouse)}
    environment |= {"FACTORY_API_KEYS_URL": f"sqlite:///{tmp_path / 'keys.sqlite'}"}
    process = subprocess.Popen(
        [sys.executable, ROOT / "scripts" / "serve.py"], env=os.environ | environment, stderr=writer
    )
    os.close(writer)
    try:
        text = b""
        while b"listening at" not in text:
            text += os.read(reader, 65536)
        found = re.search(rb"listening at (http://[^,]+)", text)
        assert found
        with requests.Session() as session:
            for _ in range(600):  # more than a pipe holds
                answer = session.get(f"{found[1].decode()}{PATH}?note={'x' * 50}", timeout=5)
                assert answer.status_code in {401, 429}
    finally:
        process.kill()
        process.wait()
        os.close(reader)


# The end


def test_requests_in_flight_are_finished(warehouse: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "api", warehouse) as api, ThreadPoolExecutor(4) as threads:
        keys = [api.key() for _ in range(4)]
        assert api.get(keys[0]).status_code == 200
        with sqlite3.connect(tmp_path / "api" / "keys.sqlite", isolation_level=None) as store:
            # As long as the store is locked, keys that are new to the server cannot be looked up.
            store.execute("BEGIN EXCLUSIVE")
            answers = [threads.submit(api.get, key) for key in keys[1:]]
            time.sleep(0.3)
            assert not any(answer.done() for answer in answers)
            api.process.terminate()
            time.sleep(0.3)
            host, port = api.url.removeprefix("http://").split(":")
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((host, int(port)), timeout=1)
            store.execute("ROLLBACK")
        assert [answer.result().status_code for answer in answers] == [200] * 3
        assert api.process.wait(timeout=10) == 0
        assert api.lines()[-1]["message"] == "stopped"


def test_who_takes_too_long_at_the_end_gets_an_answer(warehouse: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "api", warehouse, shutdown_seconds="1") as api, ThreadPoolExecutor(1) as threads:
        key = api.key()
        with sqlite3.connect(tmp_path / "api" / "keys.sqlite", isolation_level=None) as store:
            store.execute("BEGIN EXCLUSIVE")
            answer = threads.submit(api.get, key)
            time.sleep(0.2)
            api.process.terminate()
            assert error_of(answer.result()) == "NOT_READY"
        assert api.process.wait(timeout=10) == 0


def test_connections_that_send_nothing_whole_are_ended(api: Api) -> None:
    started = time.monotonic()
    answer = api.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n", seconds=15)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "REQUEST_TIMEOUT"
    assert 4 < time.monotonic() - started < 9


# What nobody thought of


class Broken:
    """Stands for all parts; whatever is asked of it fails."""

    def __getattr__(self, name: str) -> object:
        """Fail."""
        message = f"SELECT {name} FROM /tmp/secret"
        raise RuntimeError(message)


def ask_app(app: MetricsApi, path: str) -> list[dict[str, Any]]:
    """Ask without a server; return what the application sends."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    headers = [(b"authorization", b"Bearer x")]
    scope = {"method": "GET", "path": path, "query_string": b"", "headers": headers, "client": None}
    asyncio.run(app(scope, receive, send))
    return sent


def make_app(**parts: object) -> MetricsApi:
    """Return an application whose other parts are broken."""
    limiter = cast("Any", parts.get("limiter", Limiter(Policy("default", 60, 2))))
    return MetricsApi(
        read_settings({"FACTORY_API_ACCESS_LOG": "off"}),
        publication=cast("Any", parts.get("publication", Broken())),
        authenticator=cast("Any", parts.get("authenticator", Broken())),
        limiter=limiter,
        failures=limiter,
        telemetry=Telemetry(),
        log=cast("Any", None),
        respond=lambda *_: False,
    )


def test_a_mistake_of_ours_is_told_to_the_log_only(caplog: pytest.LogCaptureFixture) -> None:
    start, body = ask_app(make_app(), PATH)
    assert start["status"] == 500
    assert (
        check_error(500, dict(start["headers"])[b"content-type"].decode(), body["body"]) == "INTERNAL_ERROR"
    )
    assert "SELECT" in caplog.text


def test_requests_leave_nothing_behind(tmp_path: Path, warehouse: Path) -> None:
    """Neither objects that stay nor cycles, which wait for the garbage collector: not one a request."""
    store = KeyStore(f"sqlite:///{tmp_path / 'keys.sqlite'}")
    store.prepare()
    secret, _ = store.create("acme")
    requests_, sent = 300, 0

    async def send(message: dict[str, Any]) -> None:
        nonlocal sent
        sent += message.get("status") == 200

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def ask() -> tuple[int, int]:
        publication = Publication(warehouse, [Mart("aggregate", "30d")], "256MB", 1_000_000)
        authenticator = Authenticator(store)
        await publication.look()
        await authenticator.poll()
        limiter = Limiter(Policy("default", 60_000, 10_000))
        app = make_app(publication=publication, authenticator=authenticator, limiter=limiter)

        async def many() -> None:
            headers = [(b"authorization", f"Bearer {secret}".encode()), (b"host", b"x")]
            for _ in range(requests_):
                scope = {"method": "GET", "path": PATH, "query_string": b"", "client": ("127.0.0.1", 1)}
                await app(scope | {"headers": list(headers)}, receive, send)

        await many()
        gc.collect()
        gc.disable()
        before = len(gc.get_objects())
        await many()
        cycles = gc.collect()
        more = len(gc.get_objects()) - before
        await publication.close()
        authenticator.close()
        return cycles, more

    try:
        cycles, more = asyncio.run(ask())
    finally:
        gc.enable()
    assert sent == 2 * requests_
    assert cycles < requests_ / 2
    assert more < requests_ / 2


# Deployment


def test_unit_and_proxy_name_what_there_is() -> None:
    unit = (ROOT / "scripts/deploy/factory-metrics-api@.service").read_text("utf-8")
    proxy = (ROOT / "scripts/deploy/nginx.conf").read_text("utf-8")
    variables = re.findall(r"FACTORY_API_(\w+)", unit + proxy)
    assert {name.lower() for name in variables} <= set(Settings.__struct_fields__)
    assert (ROOT / re.search(r"scripts/\w+\.py", unit)[0]).is_file()  # type: ignore[index]
    assert PATH.rpartition("/")[0] in proxy
