"""What the endpoint answers: the serializer's bytes, and every error in the documented format."""

import gzip
import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest
import requests
from api_client import LEAKS, PATH, Api, check_error, error_of, serving
from example_warehouse import MARTS, make_warehouse
from test_serialize import serialize

from factory_metrics.api.requests import accepts_gzip, matches
from factory_metrics.documents.output import folder_name

ORGS = ("acme", "a/b", "new", "é😀")
HEAD = b"GET %b HTTP/1.1\r\nHost: x\r\n" % PATH.encode()
TWO_LENGTHS = b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"
TWO_KEYS = b"Authorization: Bearer x\r\nAuthorization: Bearer y\r\nConnection: close\r\n"
ORIGIN = "https://dashboard.example.com"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_warehouse(tmp_path_factory.mktemp("warehouse") / "factory.duckdb", ORGS)


@pytest.fixture(scope="module")
def api(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    settings = {"cors_origins": ORIGIN, "failures_per_minute": "100000", "failures_burst": "100000"}
    with serving(tmp_path_factory.mktemp("api"), warehouse, **settings) as running:
        yield running


@pytest.fixture(scope="module")
def key(api: Api) -> str:
    return api.key("acme")


# Documents


def test_answers_are_the_serializers_files(api: Api, warehouse: Path, tmp_path: Path) -> None:
    assert serialize(warehouse, tmp_path) == 0
    for org in ORGS:
        key = api.key(org)
        for mart in MARTS:
            answer = api.get(key, f"?metricType={mart.metric_type}&timeRange={mart.time_range}")
            file = tmp_path / folder_name(org) / mart.metric_type / f"{mart.time_range}.json"
            assert answer.content == file.read_bytes(), (org, mart)
            assert answer.status_code == 200


def test_defaults_and_unknown_parameters(api: Api, key: str) -> None:
    usual = api.get(key, "?metricType=aggregate&timeRange=30d").content
    for query in (
        "",
        "?",
        "?timeRange=30d",
        "?page=2&metrictype=x&limit=a&limit=b",
        "?" + "a&" * 5_000,
        "?orgId=acme",
    ):
        assert api.get(key, query).content == usual, query
    assert api.get(api.key("a/b"), "?orgId=a%2Fb").content == usual
    assert api.get(api.key("é😀"), "?orgId=%C3%A9%F0%9F%98%80").content == usual


def test_headers_of_a_document(api: Api, key: str) -> None:
    answer = api.get(key, "?metricType=cost")
    assert answer.headers["content-type"] == "application/json"
    assert re.fullmatch(r'"[0-9a-f]{32}"', answer.headers["etag"])
    assert "private" in answer.headers["cache-control"]
    assert answer.headers["x-as-of"] == "2026-06-30T12:00:00Z"
    assert {"Authorization", "Accept-Encoding"} <= set(answer.headers["vary"].split(", "))
    assert answer.headers["ratelimit-policy"] == '"default";q=10000;w=600'
    assert re.fullmatch(r'"default";r=\d{4};t=\d+', answer.headers["ratelimit"])
    for name in ("last-modified", "date", "x-request-id"):
        assert answer.headers[name]
    assert "server" not in answer.headers


@pytest.mark.parametrize("query", ["", "?metricType=nope"])
def test_head_is_get_without_body(api: Api, key: str, query: str) -> None:
    get, head = api.get(key, query), api.get(key, query, method="HEAD")
    assert head.status_code == get.status_code
    assert head.content == b""
    varying = {"date", "ratelimit", "x-request-id"}
    for name in get.headers.keys() - varying:
        assert head.headers[name] == get.headers[name], name


def test_conditional_requests(api: Api, key: str) -> None:
    first = api.get(key)
    etag = first.headers["etag"]
    for tags in (etag, f"W/{etag}", f'"x", {etag}', f'W/"y",{etag} ,"z"', "*"):
        answer = api.get(key, If_None_Match=tags)
        assert (answer.status_code, answer.content) == (304, b""), tags
        for name in ("etag", "cache-control", "vary", "last-modified", "x-as-of", "ratelimit"):
            assert name in answer.headers
        assert "content-length" not in answer.headers
    lines = b'If-None-Match: "x"\r\nIf-None-Match: %b\r\nIf-None-Match: "y"\r\n' % etag.encode()
    asked = api.raw(
        HEAD + lines + b"Authorization: Bearer " + key.encode() + b"\t\r\nConnection: close\r\n\r\n"
    )
    assert asked.startswith(b"HTTP/1.1 304 ")  # and a tab after the key is white space
    for tags in ('"x"', etag.strip('"'), ""):
        assert api.get(key, If_None_Match=tags).status_code == 200, tags
    since = first.headers["last-modified"]
    # It cannot tell documents apart: other keys and metric types have the same one.
    assert api.get(key, If_Modified_Since=since).status_code == 200
    assert api.get(key, If_Modified_Since=since, If_None_Match='"x"').status_code == 200
    assert api.get(key, If_Modified_Since=since, If_None_Match=etag).status_code == 304
    other = api.get(key, "?metricType=cost").headers["etag"]
    assert api.get(key, If_None_Match=other).status_code == 200


def test_gzip(api: Api, key: str) -> None:
    plain = api.get(key, "?metricType=phase")
    request = HEAD.replace(b" HTTP", b"?metricType=phase HTTP") + b"Authorization: Bearer " + key.encode()
    answer = api.raw(request + b"\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert gzip.decompress(body) == plain.content
    assert len(body) < len(plain.content)
    assert b"\r\ncontent-encoding: gzip\r\n" in head
    assert plain.headers["etag"].encode() not in head
    compressed = api.get(key, "?metricType=phase", Accept_Encoding="gzip")
    assert api.get(key, "?metricType=phase", If_None_Match=compressed.headers["etag"]).status_code == 200
    again = api.get(
        key, "?metricType=phase", If_None_Match=compressed.headers["etag"], Accept_Encoding="gzip"
    )
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        (b"gzip", True),
        (b"deflate, GZIP;q=0.5", True),
        (b"*", True),
        (b"gzip;q=0", False),
        (b"gzip;q=0.000, *", False),
        (b"*;q=0", False),
        (b"br", False),
        (b"", False),
        (b"gzip;q=x", False),
        (b"\xff;=,;;", False),
    ],
)
def test_accept_encoding(header: bytes, accepted: bool) -> None:  # noqa: FBT001
    assert accepts_gzip(header) is accepted


def test_etags_match_whole() -> None:
    assert not matches(b'"ab"', b'"a"')
    assert matches(b'W/"a"', b'"a"')


def test_an_org_without_rows_has_documents_of_zeros(api: Api) -> None:
    answer = api.get(api.key("nobody"), "?metricType=cost&timeRange=90d")
    metrics = answer.json()["metrics"]
    assert answer.status_code == 200
    assert [day["cost"] for day in metrics["costTrend"]] == [0.0] * 90
    assert metrics["costTrend"][-1]["date"] == "2026-06-30"


# Errors

TYPES = "aggregate, station, cost, provider, handoff, phase, devops"


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("?metricType=x", "INVALID_METRIC_TYPE", f"Invalid metricType. Must be one of: {TYPES}"),
        ("?metricType=", "INVALID_METRIC_TYPE", f"Invalid metricType. Must be one of: {TYPES}"),
        ("?metricType=Cost", "INVALID_METRIC_TYPE", f"Invalid metricType. Must be one of: {TYPES}"),
        ("?timeRange=14d", "INVALID_TIME_RANGE", "Invalid timeRange. Must be one of: 7d, 30d, 90d"),
        ("?timeRange", "INVALID_TIME_RANGE", "Invalid timeRange. Must be one of: 7d, 30d, 90d"),
        ("?timeRange=7d%00", "INVALID_TIME_RANGE", "Invalid timeRange. Must be one of: 7d, 30d, 90d"),
        ("?timeRange=7d&timeRange=7d", "INVALID_TIME_RANGE", "once, as one of: 7d, 30d, 90d"),
        ("?metricType=cost&metricType=cost", "INVALID_METRIC_TYPE", f"once, as one of: {TYPES}"),
        ("?orgId=acme&orgId=acme", "INVALID_PARAMETER", "Invalid orgId. Must be given once."),
        ("?" + "a&" * 8_200, "INVALID_PARAMETER", "The query may have 16384 bytes."),
    ],
)
def test_bad_parameters(api: Api, key: str, query: str, code: str, message: str) -> None:
    answer = api.get(key, query)
    assert (answer.status_code, error_of(answer)) == (400, code)
    assert message in answer.json()["error"]["message"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer rsk_live_",
        f"Bearer rsk_live_{'0' * 64}",
        f"Bearer rsk_live_{'0' * 63}",
        f"Bearer rsk_live_{'g' * 64}",
        f"Bearer {'0' * 5000}",
        "Bearer ' OR 1=1 --",
        "Bearer é",
        "Basic dXNlcjpwYXNz",
    ],
)
def test_bad_keys(api: Api, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
    answer = requests.get(f"{api.url}{PATH}", headers=headers, timeout=10)
    assert (answer.status_code, error_of(answer)) == (401, "UNAUTHORIZED")
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert answer.headers["ratelimit"].startswith('"failed-authentication";')


def test_the_scheme_is_not_case_sensitive(api: Api, key: str) -> None:
    answer = requests.get(f"{api.url}{PATH}", headers={"Authorization": f"bearer  {key}"}, timeout=10)
    assert answer.status_code == 200


def test_a_key_reads_its_own_org_only(api: Api, key: str) -> None:
    answers = [api.get(key, f"?orgId={org}") for org in ("a%2Fb", "nobody", "", "ACME", "%FF")]
    assert {(answer.status_code, answer.content) for answer in answers} == {(403, answers[0].content)}
    assert error_of(answers[0]) == "FORBIDDEN"


def test_a_key_without_the_scope(api: Api) -> None:
    answer = api.get(api.key("acme", scopes=["events:read"]))
    assert (answer.status_code, error_of(answer)) == (403, "FORBIDDEN")
    assert api.get(api.key("acme", scopes=["events:read", "metrics:read"])).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_other_methods(api: Api, key: str, method: str) -> None:
    answer = api.get(key, method=method)
    assert (answer.status_code, error_of(answer)) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    "path",
    [
        "/api/factory/metrics/",
        "/api/factory/Metrics",
        "//api/factory/metrics",
        "/%2e%2e/etc/passwd",
        "/metrics",
        "/%ff%00",
    ],
)
def test_other_paths(api: Api, key: str, path: str) -> None:
    answer = api.get(key, path=path)
    assert (answer.status_code, error_of(answer)) == (404, "NOT_FOUND")


def test_encoded_path_is_the_path(api: Api, key: str) -> None:
    assert api.get(key, path="/%61pi/factory/metrics").status_code == 200


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(b"GARBAGE\r\n\r\n", 400, id="garbage"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, id="tls"),
        pytest.param(b"get / HTTP/1.1\r\nHost: x\r\n\r\n", 400, id="method in lower case"),
        pytest.param(b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 400, id="version"),
        pytest.param(b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", 400, id="bytes in the path"),
        pytest.param(b"CONNECT a:80 HTTP/1.1\r\nHost: x\r\n\r\n", 400, id="connect"),
        pytest.param(HEAD + b"A B: c\r\n\r\n", 400, id="name of a header"),
        pytest.param(HEAD + b"A: a\x00b\r\n\r\n", 400, id="NUL in a header"),
        pytest.param(HEAD + b"Content-Length: x\r\n\r\n", 400, id="length"),
        pytest.param(HEAD + TWO_LENGTHS + b"\r\n0\r\n\r\n", 400, id="smuggling"),
        pytest.param(HEAD + b"A: " + b"a" * 600_000 + b"\r\n\r\n", 431, id="long header"),
        pytest.param(HEAD + b"A: b\r\n" * 20_000 + b"\r\n", 431, id="many headers"),
        pytest.param(b"GET /" + b"a" * 100_000, 431, id="URL without end"),
        pytest.param(b"GET /?a=" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431, id="long URL"),
        pytest.param(
            HEAD + TWO_KEYS + b"\r\n",
            400,
            id="two keys",
        ),
        pytest.param(HEAD + b"Connection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n", 401, id="websocket"),
        pytest.param(b"GET %b HTTP/1.0\r\n\r\n" % PATH.encode(), 401, id="HTTP/1.0"),
        pytest.param(b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404, id="asterisk"),
    ],
)
def test_what_is_hardly_http(api: Api, request_: bytes, status: int) -> None:
    head, _, body = api.raw(request_).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), head
    kind = re.search(rb"\r\ncontent-type: ([^\r]*)", head)
    assert kind
    check_error(status, kind[1].decode(), body)
    assert b"\r\nratelimit-policy: " in head
    assert not LEAKS.search(head)
    assert api.get(None, path="/healthz").status_code == 200


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        pytest.param(b" HTTP/9.9\r\nHost: x\r\n\r\n", 400, id="version"),
        pytest.param(b" HTTP/1.1\r\n\r\n", 400, id="no host"),
        pytest.param(b" HTTP/1.1\r\nHost: x\r\nA: a\x00b", 400, id="NUL before the end of the head"),
        pytest.param(b" HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400, id="length"),
        pytest.param(b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400, id="chunk"),
        pytest.param(
            b" HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n" + b"a" * 70_000, 413, id="long body"
        ),
        pytest.param(b"?a=" + b"a" * 40_000, 431, id="URL without end"),
        pytest.param(b" HTTP/1.1\r\nHost: x\r\n", 408, id="too slow"),
    ],
)
def test_a_refusal_of_head_is_that_of_get_without_its_body(api: Api, rest: bytes, status: int) -> None:
    target = b" /healthz" + rest
    # after a GET, whose own answer has a body
    before = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with ThreadPoolExecutor() as pool:
        get, of_head = pool.map(api.raw, [before + b"GET" + target, before + b"HEAD" + target], [10, 10])
    get, of_head = (answer[answer.rindex(b"HTTP/1.1 ") :] for answer in (get, of_head))
    head, _, body = get.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\ncontent-length: %d\r\n" % len(body) in head
    for name in (b"x-request-id", b"date"):
        head, of_head = (re.sub(rb"\r\n%b: [^\r]*" % name, b"", answer) for answer in (head, of_head))
    assert of_head == head + b"\r\n\r\n"


def test_requests_in_a_row_on_one_connection(api: Api, key: str) -> None:
    one = HEAD + b"Authorization: Bearer " + key.encode() + b"\r\n\r\n"
    last = one.removesuffix(b"\r\n") + b"Connection: close\r\n\r\n"
    answers = api.raw(one * 400 + last)
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 401


def test_headers_cannot_be_injected(api: Api, key: str) -> None:
    for given in ("a\tb", "x" * 200, "ü", "a;b", key, f"x{key[:40]}"):
        found = api.get(key, X_Request_Id=given.encode("latin-1").decode("latin-1")).headers["x-request-id"]
        assert re.fullmatch(r"[0-9a-f]{12}-[0-9a-f]+", found), given
    assert api.get(key, X_Request_Id="3f2a-B_c.9").headers["x-request-id"] == "3f2a-B_c.9"
    answer = api.get(key, "?orgId=a%0d%0aSet-Cookie:%20x=y&metricType=%0d%0aA:b")
    assert error_of(answer) == "INVALID_METRIC_TYPE"
    assert "set-cookie" not in answer.headers


# CORS


def test_allowed_origin(api: Api, key: str) -> None:
    for answer in (
        api.get(key, Origin=ORIGIN),
        api.get(None, Origin=ORIGIN),
        api.get(key, "?timeRange=x", Origin=ORIGIN),
    ):
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "Retry-After" in answer.headers["access-control-expose-headers"]
    preflight = api.get(
        None,
        method="OPTIONS",
        Origin=ORIGIN,
        Access_Control_Request_Method="GET",
        Access_Control_Request_Headers="authorization",
    )
    assert (preflight.status_code, preflight.content) == (204, b"")
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    assert "Origin" in preflight.headers["vary"]


def test_plain_options(api: Api) -> None:
    for headers in ({}, {"Origin": ORIGIN}, {"Origin": "https://evil.example.com"}):
        answer = api.get(None, method="OPTIONS", **headers)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


def test_without_origins_options_is_no_method(warehouse: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "api", warehouse) as api:
        for headers in ({}, {"Origin": ORIGIN, "Access_Control_Request_Method": "GET"}):
            answer = api.get(None, method="OPTIONS", **headers)
            assert (answer.status_code, error_of(answer)) == (405, "METHOD_NOT_ALLOWED")
            assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", "null", f"{ORIGIN}.evil.com", "http://dashboard.example.com"]
)
def test_other_origins(api: Api, key: str, origin: str) -> None:
    answer = api.get(key, Origin=origin)
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    assert "Origin" in answer.headers["vary"]
    preflight = api.get(None, method="OPTIONS", Origin=origin, Access_Control_Request_Method="GET")
    assert (preflight.status_code, error_of(preflight)) == (403, "FORBIDDEN")


# Whatever happens


def test_a_value_that_does_not_fit_is_a_database_error(warehouse: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copy(warehouse, tmp_path / "factory.duckdb"))
    with duckdb.connect(str(broken)) as connection:
        connection.execute("UPDATE phase_7d SET total_reworks = NULL WHERE org_id = 'acme'")
    with serving(tmp_path / "api", broken) as api:
        key = api.key()
        answer = api.get(key, "?metricType=phase&timeRange=7d")
        assert (answer.status_code, error_of(answer)) == (500, "DATABASE_ERROR")
        assert int(answer.headers["retry-after"]) > 0
        assert api.get(key, "?metricType=phase&timeRange=30d").status_code == 200
        logged = json.dumps(api.lines())
        assert "does not fit the contract" in logged
        assert key not in logged
