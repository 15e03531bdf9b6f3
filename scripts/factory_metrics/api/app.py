"""The ASGI application: from a request to its answer."""

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from typing import Any

import msgspec

from factory_metrics.api.addresses import client_address
from factory_metrics.api.answers import JSON, Answer, document_answer, json_headers
from factory_metrics.api.authentication import Authenticator, key_of, password_of
from factory_metrics.api.data import Publication
from factory_metrics.api.errors import (
    ApiError,
    Headers,
    bad_request,
    forbidden,
    internal_error,
    not_allowed,
    not_found,
    not_ready,
    rate_limited,
    unauthorized,
)
from factory_metrics.api.keys import READ_SCOPE, Key, digest_of
from factory_metrics.api.limits import Limiter, Verdict
from factory_metrics.api.openapi import METRICS_PATH, OPENAPI_PATH, PAGE_PATH, description
from factory_metrics.api.requests import LONGEST_REMEMBERED, Fault, Query, joined, read_query
from factory_metrics.api.settings import Settings
from factory_metrics.api.telemetry import AccessLine, LogWriter, Telemetry, shown_path

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
# Sends the head of an answer, more headers and the body; False when they must be sent otherwise.
Respond = Callable[[Send, bytes, Headers, bytes], bool]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_READING = ("GET", "HEAD")
_REQUEST_ID = re.compile(rb"(?!.*rsk_)[A-Za-z0-9._-]{1,48}")
_EXPOSED = (
    b"ETag, Last-Modified, RateLimit, RateLimit-Policy, Retry-After, X-As-Of, X-Data-Warning, X-Request-Id"
)
_PREFLIGHT_SECONDS = b"600"
_ALLOWED_WITH_CORS = "GET, HEAD, OPTIONS"

_STALE = "The newest metrics cannot be read. These are the last good ones."
_GOOD = (200, 304)
_UNAUTHORIZED = 401
# Browsers ask for a name and a password; the key is the password.
_PAGE_CHALLENGE = b'Basic realm="Factory metrics: the API key is the password", charset="UTF-8"'

_log = logging.getLogger(__name__)


class Exchange:
    """One request and what became known of it while it was answered."""

    __slots__ = ("address", "headers", "key", "query", "verdict")

    def __init__(self, headers: dict[bytes, bytes], address: str) -> None:
        """Begin with nothing known but the headers and the client's address."""
        self.headers = headers
        self.address = address
        self.key: Key | None = None
        self.query: Query | None = None
        self.verdict: Verdict | None = None


class MetricsApi:
    """The endpoint's application; `__call__` is ASGI."""

    def __init__(  # noqa: PLR0913 - its parts
        self,
        settings: Settings,
        *,
        publication: Publication,
        authenticator: Authenticator,
        limiter: Limiter,
        failures: Limiter,
        telemetry: Telemetry,
        log: LogWriter,
        respond: Respond,
    ) -> None:
        """Put the parts together."""
        self._publication = publication
        self._authenticator = authenticator
        self._limiter = limiter
        self._failures = failures
        self._telemetry = telemetry
        self._respond = respond
        self._log = log if settings.access_log else None
        self._origins = frozenset(origin.encode() for origin in settings.cors_origins)
        self._proxies = settings.trusted_proxies
        self._policy = limiter.policy.header()
        self._failures_policy = failures.policy.header()
        self._reads = {METRICS_PATH: self._metrics, PAGE_PATH: self._page}
        self._description = msgspec.json.encode(description())
        self._run = secrets.token_hex(6).encode()
        self._numbers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        del receive  # no request has a body that matters
        started = time.perf_counter()
        headers = dict(scope["headers"])
        if len(headers) != len(scope["headers"]):
            headers = joined(scope["headers"])
        request_id = headers.get(b"x-request-id")
        if request_id is None or not _REQUEST_ID.fullmatch(request_id):
            request_id = b"%b-%x" % (self._run, next(self._numbers))
        exchange = Exchange(headers, self._address(scope, headers))
        read = None
        try:
            try:
                read = self._reads.get(scope["path"]) if scope["method"] in _READING else None
                answer = await (read or self._other)(scope, exchange)
            except ApiError as error:
                answer = self.refusal(error)
            except Exception:  # noqa: BLE001 - the client gets the documented format whatever happens
                _log.exception("request %s failed", request_id.decode())
                answer = self.refusal(internal_error())
            except asyncio.CancelledError:
                # The server is stopping and has waited long enough.
                answer = self.refusal(not_ready("The server is stopping."))
            content = answer.content
            varying = [*self._limits(exchange), (b"x-request-id", request_id)]
            if read is not None and answer.status in _GOOD and self._publication.is_stale:
                varying.append((b"x-data-warning", _STALE.encode()))
            if (origin := headers.get(b"origin")) is not None and origin in self._origins:
                varying += [
                    (b"access-control-allow-origin", origin),
                    (b"access-control-expose-headers", _EXPOSED),
                ]
            # Our server's own way to send; it takes a third of the time of ASGI's.
            if not answer.head or not self._respond(send, answer.head, varying, content):
                start = {"type": "http.response.start", "status": answer.status}
                await send(start | {"headers": answer.headers + varying})
                await send({"type": "http.response.body", "body": content})
        finally:
            seconds = time.perf_counter() - started
            query, key = exchange.query, exchange.key
            self._telemetry.count(answer.status, "none" if query is None else query.mart.metric_type, seconds)
            if self._log is not None:
                self._log.access(
                    AccessLine(
                        time=datetime.now(UTC),
                        request_id=request_id.decode(),
                        address=exchange.address,
                        method=scope["method"],
                        path=METRICS_PATH if scope["path"] == METRICS_PATH else shown_path(scope["path"]),
                        metric_type=None if query is None else query.mart.metric_type,
                        time_range=None if query is None else query.mart.time_range,
                        status=answer.status,
                        bytes=0 if scope["method"] == "HEAD" else len(content),
                        duration_ms=int(seconds * 1_000_000) / 1000,
                        key_prefix=None if key is None else key.prefix,
                        key_id=None if key is None else key.id,
                        org_id=None if key is None else key.org_id,
                    )
                )

    async def _other(self, scope: Scope, exchange: Exchange) -> Answer:
        """Answer other paths and methods."""
        method, path = scope["method"], scope["path"]
        if path == METRICS_PATH:
            if not self._origins:
                raise not_allowed()
            if method != "OPTIONS":
                raise not_allowed(_ALLOWED_WITH_CORS)
            if b"access-control-request-method" in exchange.headers:
                return self._preflight(exchange)
            return Answer(204, [(b"allow", _ALLOWED_WITH_CORS.encode()), (b"vary", b"Origin")])
        if path == PAGE_PATH:
            raise not_allowed()
        if path == OPENAPI_PATH:
            if method not in _READING:
                raise not_allowed()
            length = str(len(self._description)).encode()
            return Answer(200, [JSON, (b"content-length", length)], self._description)
        probe = self.probe(method, path)
        if probe is None:
            raise not_found(METRICS_PATH)
        return probe

    def probe(self, method: str, path: str) -> Answer | None:
        """Answer `/healthz` and `/readyz`; None for other paths.

        Raises:
            ApiError: it is not ready.

        """
        if path not in {"/healthz", "/readyz"}:
            return None
        if method not in _READING:
            raise not_allowed()
        if path == "/readyz":
            if self._publication.current is None:
                raise not_ready("There are no metrics to serve.")
            if not self._authenticator.is_ready:
                raise not_ready("Keys cannot be checked.")
        state = {"status": "ok"}
        if path == "/readyz" and self._publication.is_stale:
            state["warning"] = _STALE
        content = msgspec.json.encode(state)
        return Answer(200, json_headers(content), content)

    async def _admit(self, scope: Scope, exchange: Exchange) -> Key:
        """Return the request's key, of whose requests this is one.

        Raises:
            ApiError: it has no good one, or no requests left, or may not read.

        """
        if len(exchange.headers) != len(scope["headers"]):
            _check_single(scope["headers"])
        key = self._remembered(exchange) or await self._authenticate(exchange)
        exchange.key = key
        limiter, client = self._limiter, key.client
        if limiter.redis is None:
            verdict = limiter.spend_in_memory(client)
        else:
            verdict = await limiter.spend(client)
        exchange.verdict = verdict
        if not verdict.allowed:
            self._telemetry.count_refused("rate_limit")
            raise rate_limited(verdict.retry_after)
        if READ_SCOPE not in key.scopes:
            self._telemetry.count_refused("forbidden")
            raise forbidden(f"This API key lacks the scope {READ_SCOPE}.")
        return key

    async def _page(self, scope: Scope, exchange: Exchange) -> Answer:
        """Answer a person: with the page of the key's org, or by having the browser ask for a key."""
        authorization = exchange.headers.get(b"authorization")
        if secret := password_of(authorization):
            exchange.headers[b"authorization"] = b"Bearer " + secret
        try:
            key = await self._admit(scope, exchange)
        except ApiError as error:
            raise unauthorized(_PAGE_CHALLENGE) if error.status == _UNAUTHORIZED else error from None
        publication = self._publication
        page = publication.kept(key.org_id, None) or await publication.page(key.org_id)
        return document_answer(page, exchange.headers)

    async def _metrics(self, scope: Scope, exchange: Exchange) -> Answer:
        key = await self._admit(scope, exchange)
        text = scope["query_string"]
        query = read_query(text) if len(text) <= LONGEST_REMEMBERED else read_query.__wrapped__(text)
        if isinstance(query, Fault):
            raise ApiError(query.code, query.message)
        exchange.query = query
        if query.org_id is not None and query.org_id != key.org_id:
            self._telemetry.count_refused("forbidden")
            raise forbidden("This API key may not read this org.")
        publication = self._publication
        org, mart = key.org_id, query.mart
        document = publication.kept(org, mart) or await publication.document(org, mart)
        return document_answer(document, exchange.headers)

    def _remembered(self, exchange: Exchange) -> Key | None:
        """Return the request's key if it is good and known without asking the store."""
        authorization = exchange.headers.get(b"authorization")
        if authorization is None or authorization[:7] != b"Bearer ":
            return None
        return self._authenticator.remembered(sha256(authorization[7:]).digest())

    async def _authenticate(self, exchange: Exchange) -> Key:
        """Return the request's key.

        A good one is never refused for what others send: only failures are counted and limited.

        Raises:
            ApiError: it has no good one, or its address had too many bad ones.

        """
        authorization = exchange.headers.get(b"authorization")
        secret = key_of(authorization)
        key = None if secret is None else await self._authenticator.find(digest_of(secret))
        if key is not None:
            return key
        wait = self._failures.seconds_refused(exchange.address)
        verdict = exchange.verdict = (
            Verdict(allowed=False, remaining=0, reset=wait, retry_after=wait)
            if wait
            else await self._failures.spend(exchange.address)
        )
        if not verdict.allowed:
            self._telemetry.count_refused("failed_authentication")
            raise rate_limited(verdict.retry_after)
        self._telemetry.count_refused("unauthorized")
        challenge = b'Bearer realm="factory-metrics"'
        if authorization is not None:
            challenge += b', error="invalid_token"'
        raise unauthorized(challenge)

    def _limits(self, exchange: Exchange) -> Headers:
        """Return the headers about the limit that counts: the key's, else the one on bad keys."""
        limiter, policy = (
            (self._failures, self._failures_policy) if exchange.key is None else (self._limiter, self._policy)
        )
        verdict = exchange.verdict or limiter.full()
        value = b'"%b";r=%d;t=%d' % (limiter.name, verdict.remaining, verdict.reset)
        return [(b"ratelimit-policy", policy), (b"ratelimit", value)]

    def _preflight(self, exchange: Exchange) -> Answer:
        """Tell a browser whether pages of an origin may ask."""
        if exchange.headers.get(b"origin") not in self._origins:
            raise forbidden("Pages of this origin may not use the API.", [(b"vary", b"Origin")])
        return Answer(
            204,
            [
                (b"access-control-allow-methods", b"GET, HEAD"),
                (b"access-control-allow-headers", b"Authorization, If-None-Match, X-Request-Id"),
                (b"access-control-max-age", _PREFLIGHT_SECONDS),
                (b"vary", b"Origin"),
            ],
        )

    def refuse(self, code: str, message: str, peer: str, *, has_body: bool) -> Answer:
        """Answer what is no HTTP request, or too big a one; the connection is closed after it.

        Without a body, for HEAD, the headers are the same as with one.
        """
        self._telemetry.count(ApiError(code, message).status, "none", 0.0)
        answer = self.refusal(ApiError(code, message))
        exchange = Exchange({}, peer)
        request_id = b"%b-%x" % (self._run, next(self._numbers))
        extra = [*self._limits(exchange), (b"x-request-id", request_id), (b"connection", b"close")]
        content = answer.content if has_body else b""
        if self._log is not None:
            self._log.access(
                AccessLine(
                    datetime.now(UTC),
                    request_id.decode(),
                    peer,
                    "-",
                    "-",
                    None,
                    None,
                    answer.status,
                    len(content),
                    0.0,
                    None,
                    None,
                    None,
                )
            )
        return Answer(answer.status, [*answer.headers, *extra], content)

    def refusal(self, error: ApiError) -> Answer:
        """Return the answer for an error."""
        content = error.body()
        headers = [*json_headers(content), (b"cache-control", b"no-store"), *error.headers]
        return Answer(error.status, headers, content)

    def _address(self, scope: Scope, headers: dict[bytes, bytes]) -> str:
        peer = scope["client"][0] if scope["client"] else "local"
        # Proxies write at its end.
        forwarded = headers.get(b"x-forwarded-for", b"")[-LONGEST_REMEMBERED:] if self._proxies else b""
        return client_address(peer, forwarded, self._proxies)


def _check_single(headers: Headers) -> None:
    """Refuse a request with two `Authorization` headers, of which one could be read and another checked."""
    if sum(name == b"authorization" for name, _ in headers) > 1:
        raise bad_request("The header Authorization may be given only once.")
