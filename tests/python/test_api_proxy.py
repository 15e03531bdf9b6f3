"""nginx in front, with the configuration that we deploy: it refuses as the API does."""

import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from functools import partial
from pathlib import Path

import pytest
from api_client import PATH, Api, check_error, eventually, serving
from conftest import ROOT, without
from example_warehouse import make_warehouse

from factory_metrics.api.errors import STATUSES

CONFIGURATION = ROOT / "scripts" / "deploy" / "nginx.conf"
# All statuses that nginx may send as errors. (It ends a connection without an answer for 408, 444 and 499.)
NGINX = [400, 403, 404, 405, 412, 413, 414, 416, 421, 429, 431, 494, 495, 496, 497]
NGINX += [500, 501, 502, 503, 504, 505, 507]
HEADERS_TOO_LARGE = [414, 431, 494]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@dataclass(frozen=True)
class Proxy:
    """A running nginx."""

    port: int

    def ask(self, request: bytes, *, tls: bool = True) -> tuple[int, Message, bytes]:
        """Send a request and return status, headers and body of the first answer."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        with closing(context.wrap_socket(plain) if tls else plain) as connection:
            connection.sendall(request)
            answer = b""
            while b"\r\n\r\n" not in answer and (received := connection.recv(65536)):
                answer += received
            head, _, body = answer.partition(b"\r\n\r\n")
            line, _, fields = head.partition(b"\r\n")
            headers = message_from_bytes(fields)
            while len(body) < int(headers.get("content-length", 0)) and (received := connection.recv(65536)):
                body += received
        return int(line.split()[1]), headers, body

    def error(self, request: bytes, *, tls: bool = True) -> tuple[int, str, Message]:
        """Send a request that must fail; return status, code and headers of an answer of the right form."""
        status, headers, body = self.ask(request, tls=tls)
        code = check_error(status, headers["content-type"], body)
        assert STATUSES[code] == status
        assert re.fullmatch("[0-9a-f]{32}", headers["x-request-id"])
        for name in ("x-request-id", "content-type", "cache-control"):
            assert len(headers.get_all(name, [])) == 1
        assert headers["cache-control"] == "no-store"
        assert "nginx/" not in str(headers)
        assert (headers["retry-after"] is not None) == (status in {429, 500})
        return status, code, headers


@contextmanager
def proxying(folder: Path, upstreams: list[int]) -> Iterator[Proxy]:
    """Run nginx with our configuration, except for ports, files, a time limit, and a path for each status."""
    if shutil.which("nginx", path="/usr/sbin:/usr/bin") is None:
        without("nginx (Debian: nginx)")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-nodes",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
    ]
    command += ["-subj", "/CN=metrics.example.com", "-days", "2"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    port = free_port()
    text = CONFIGURATION.read_text("utf-8")
    servers = re.findall(r"127\.0\.0\.1:800\d", text)
    made = "\n".join(f"location = /make/{status} {{ return {status}; }}" for status in NGINX)
    for old, new in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/metrics.example.com.pem": str(certificate),
        "/etc/ssl/private/metrics.example.com.key": str(key),
        "proxy_read_timeout 30s;": "proxy_read_timeout 1s;",
        "    location / {": f"    {made}\n    location / {{",
        **{server: f"127.0.0.1:{upstream}" for server, upstream in zip(servers, upstreams, strict=True)},
    }.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = " ".join(f"{kind}_temp_path {folder / kind};" for kind in kinds)
    site, main = folder / "site.conf", folder / "nginx.conf"
    site.write_text(text, "utf-8")
    main.write_text(
        f"daemon off; master_process off; pid {folder / 'pid'}; error_log {folder / 'error.log'};\n"
        f"events {{}}\nhttp {{ access_log off; {places} include {site}; }}\n"
    )
    process = subprocess.Popen(
        ["/usr/sbin/nginx", "-c", main, "-p", folder, "-e", folder / "error.log"], stderr=subprocess.PIPE
    )

    def listening() -> bool:
        assert process.poll() is None, (folder / "error.log").read_text()
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", port)) == 0

    try:
        eventually(listening, 10)
        yield Proxy(port)
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("api")
    warehouse = make_warehouse(folder / "factory.duckdb", ["acme"])
    with serving(folder, warehouse, trusted_proxies="127.0.0.1") as running:
        yield running


@pytest.fixture(scope="module")
def proxy(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    port = int(api.url.rpartition(":")[2])
    with proxying(tmp_path_factory.mktemp("nginx"), [port, free_port()]) as running:
        yield running


def is_logged(api: Api, request_id: str) -> bool:
    return f'"requestId":"{request_id}"' in api.log.read_text("utf-8")


HEAD = b"Host: metrics.example.com\r\n"


@pytest.mark.parametrize("status", NGINX)
def test_every_status_of_nginx_has_our_form(proxy: Proxy, status: int) -> None:
    found, code, headers = proxy.error(b"GET /make/%d HTTP/1.1\r\n%b\r\n" % (status, HEAD))
    if status in HEADERS_TOO_LARGE:
        assert (found, code) == (431, "HEADERS_TOO_LARGE")
    elif status >= 500 and status not in {501, 505}:
        assert (found, code) == (500, "DATABASE_ERROR")
    else:
        assert found == (status if status in {403, 404, 405, 413, 429} else 400)
    assert (headers["allow"] == "GET, HEAD") == (status == 405)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "BAD_REQUEST"),  # no Host
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "BAD_REQUEST"),
        (b"\x16\x03\x01 nonsense\r\n\r\n", "BAD_REQUEST"),
        (b"GET / HTTP/3.0\r\n" + HEAD + b"\r\n", "BAD_REQUEST"),
        (b"POST / HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: gzip\r\n\r\n", "BAD_REQUEST"),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n", "HEADERS_TOO_LARGE"),
        (b"GET / HTTP/1.1\r\n" + HEAD + b"X: " + b"a" * 40_000 + b"\r\n\r\n", "HEADERS_TOO_LARGE"),
        (b"POST / HTTP/1.1\r\n" + HEAD + b"Content-Length: 70000\r\n\r\n", "CONTENT_TOO_LARGE"),
        (b"TRACE / HTTP/1.1\r\n" + HEAD + b"\r\n", "METHOD_NOT_ALLOWED"),
        (b"GET /api/factory HTTP/1.1\r\n" + HEAD + b"\r\n", "NOT_FOUND"),
        (b"GET /elsewhere HTTP/1.1\r\n" + HEAD + b"\r\n", "NOT_FOUND"),
        (b"GET /.500 HTTP/1.1\r\n" + HEAD + b"\r\n", "NOT_FOUND"),  # no page of its own
    ],
)
def test_what_nginx_refuses(proxy: Proxy, request_: bytes, code: str) -> None:
    assert proxy.error(request_)[1] == code


def test_plain_http_at_the_port_for_tls(proxy: Proxy) -> None:
    assert proxy.error(b"GET / HTTP/1.1\r\n" + HEAD + b"\r\n", tls=False)[1] == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("sent", "is_kept"), [(b"mine-1", True), (b"rsk_live_1", False), (b"no spaces", False), (b"", False)]
)
def test_answers_of_the_api_pass_with_one_id(api: Api, proxy: Proxy, sent: bytes, is_kept: bool) -> None:  # noqa: FBT001
    target = f"GET {PATH} HTTP/1.1\r\n".encode() + HEAD + b"X-Request-Id: %b\r\n" % sent
    key = b"Authorization: Bearer %b\r\n" % api.key().encode()
    for request, status in ((target + key, 200), (target, 401)):
        found, headers, body = proxy.ask(request + b"\r\n")
        assert found == status
        (answered,) = headers.get_all("x-request-id", [])
        assert (answered.encode() == sent) == is_kept
        assert is_kept or re.fullmatch("[0-9a-f]{32}", answered)
        assert len(headers.get_all("cache-control", [])) == 1
        assert len(body) == int(headers["content-length"])
        eventually(partial(is_logged, api, answered))


def test_without_an_api_that_answers(tmp_path: Path) -> None:
    request = f"GET {PATH} HTTP/1.1\r\n".encode() + HEAD + b"\r\n"
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        (tmp_path / "slow").mkdir()
        with proxying(tmp_path / "slow", [silent.getsockname()[1], free_port()]) as proxy:
            assert proxy.error(request)[1] == "DATABASE_ERROR"
    (tmp_path / "gone").mkdir()
    with proxying(tmp_path / "gone", [free_port(), free_port()]) as proxy:
        assert proxy.error(request)[1] == "DATABASE_ERROR"
