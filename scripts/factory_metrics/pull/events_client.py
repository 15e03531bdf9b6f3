"""Ask the platform's API for events: over HTTP, with patience, and without giving the key away."""

import random
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from typing import NamedTuple

import urllib3
from urllib3.exceptions import HTTPError, InvalidHeader, MaxRetryError, SSLError
from urllib3.util import Retry, Url, parse_url

from factory_metrics.project import UserError
from factory_metrics.pull.event_pages import PAGE_LIMIT, BrokenPageError, Event, read_page

PATH = "/api/factory/events"
_ADVICE: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: "check --url",
    HTTPStatus.UNAUTHORIZED: "RENSEI_API_KEY is no valid key: make one in the platform's settings",
    HTTPStatus.FORBIDDEN: "the key of RENSEI_API_KEY may not read this org's events: use one that may",
    HTTPStatus.NOT_FOUND: f"there is no {PATH} there: check --url",
}


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds, and how much to take."""

    wait: Callable[[float], None]
    tries: int = 8
    longest_wait: float = 60
    longest_retry_after: float = 600
    silence: float = 60
    answer: float = 300
    body_bytes: int = 64 * 2**20


class EventsAnswer(NamedTuple):
    """Events, and the time at which they were asked for: the earlier one of the platform's and our own."""

    events: list[Event]
    time: datetime


class _TryAgainError(Exception):
    """What may be over soon, and what the platform says of how long to wait."""

    def __init__(self, message: str, retry_after: str = "") -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass
class EventsClient:
    """Asks for the events of one org."""

    url: Url
    org: str
    key: str = field(repr=False)
    patience: Patience
    say: Callable[[str], None]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    warned_of_clock: bool = False

    def __post_init__(self) -> None:
        """Make the pool of connections; no answer's redirect is followed, as the key would go along."""
        timeout = urllib3.Timeout(self.patience.silence)
        self._pool = urllib3.PoolManager(timeout=timeout, retries=False)
        # The pool does not see what is wrong with a body, nor how long all of it takes: tries are made here.
        self._retries = Retry(
            self.patience.tries - 1,
            status_forcelist=[HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS, *range(500, 600)],
            backoff_factor=1,
            backoff_max=self.patience.longest_wait,
            retry_after_max=sys.maxsize,
        )

    def ask(self, first: str, last: str) -> EventsAnswer:
        """Return the events from the first instant to the last, both included, at most PAGE_LIMIT.

        Raises:
            UserError: it cannot be had; the message says what to do, and never has the key.

        """
        retries = self._retries
        while True:
            asked = self.now()
            try:
                body, date = _within(self.patience.answer, lambda: self._get(first, last))
                return EventsAnswer(read_page(body, self.org), self._time(asked, date))
            except UserError as error:
                message = f"events from {first} to {last}: {error}"
                raise UserError(self._without_key(message)) from None
            except SSLError as error:
                problem = f"no https there ({error}): check --url and this machine's certificates"
                raise UserError(self._without_key(problem)) from None
            except (HTTPError, BrokenPageError, _TryAgainError, TimeoutError, OSError) as error:
                # Not chained, as a traceback may show what the request was made of.
                text = self._without_key(" ".join(str(error).split()))
                problem = f"events from {first} to {last}: {text}"
                said = error.retry_after if isinstance(error, _TryAgainError) else ""
            retries = self._wait(retries, problem, said)

    def _wait(self, retries: Retry, problem: str, said: str) -> Retry:
        """Wait as long as the platform says, or longer from one try to the next."""
        retry_after = 0.0
        with suppress(InvalidHeader, ValueError, OverflowError):
            retry_after = retries.parse_retry_after(said)
        number = len(retries.history) + 1
        try:
            retries = retries.increment("GET", PATH)
            is_patient = retry_after <= self.patience.longest_retry_after
        except MaxRetryError:
            is_patient = False
        if not is_patient:
            asked = f", and asks to wait for {retry_after:.0f} s" if retry_after else ""
            message = f"{problem}{asked}, at try {number}: run again later, it goes on from there"
            raise UserError(message) from None
        # Its first wait is none, and what all clients wait for alike ends in a crowd.
        seconds = max(retry_after, retries.get_backoff_time(), 1) + random.random()  # noqa: S311
        self.say(f"{problem}: waits for {seconds:.0f} s")
        self.patience.wait(seconds)
        return retries

    def _get(self, first: str, last: str) -> tuple[bytes, str]:
        """Return a body, and what the answer has as its date."""
        response = self._pool.request(
            "GET",
            f"{self.url.url.rstrip('/')}{PATH}",
            fields={"from": first, "to": last, "limit": str(PAGE_LIMIT)},
            headers={
                "Authorization": f"Bearer {self.key}",
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": "factory-metrics",
            },
            redirect=False,
            preload_content=False,
        )
        try:
            body = bytearray()
            for piece in response.stream(2**16):
                body += piece
                if len(body) > self.patience.body_bytes:
                    message = f"the answer is longer than {self.patience.body_bytes:,} bytes: check --url"
                    raise UserError(message)
            self._check(response, bytes(body))
            response.release_conn()
            return bytes(body), response.headers.get("Date", "")
        finally:
            response.close()

    def _check(self, response: urllib3.BaseHTTPResponse, body: bytes) -> None:
        """Raise what the status calls for."""
        status = response.status
        if status == HTTPStatus.OK:
            return
        said = ascii(body[:300].decode(errors="replace"))[1:-1]
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            place = response.headers.get("Location", "")
            message = f"{status}, a redirect to {place!a}, is not followed: give the right --url"
            raise UserError(message)
        problem = f"the platform answers {status} ({said})"
        if self._retries.is_retry("GET", status):
            raise _TryAgainError(problem, response.headers.get("Retry-After", ""))
        message = f"{problem}: {_ADVICE.get(status, 'check --url')}"
        raise UserError(message)

    def _time(self, asked: datetime, date: str) -> datetime:
        """Return the earlier time: with one that is ahead, an hour would be taken for over that is not."""
        try:
            platform = _date(date)
        except (ValueError, OverflowError):
            return asked
        apart = (platform - asked).total_seconds()
        if abs(apart) > 300 and not self.warned_of_clock:  # noqa: PLR2004 - five minutes
            self.warned_of_clock = True
            way = "behind" if apart > 0 else "ahead of"
            self.say(f"this machine's clock is {abs(apart):,.0f} s {way} the platform's: set it")
        return min(asked, platform)

    def _without_key(self, text: str) -> str:
        return text.replace(self.key, "(the key)")


def checked_url(text: str) -> Url:
    """Return the platform's address.

    Raises:
        UserError: it is none, or the key would go over the network in the clear.

    """
    try:
        url = parse_url(text)
    except HTTPError:
        url = Url()
    if url.scheme not in {"http", "https"} or not url.host or url.auth or url.query or url.fragment:
        message = "--url is not like https://platform.example.com (no user, no question mark)"
        raise UserError(message)
    if url.scheme == "http" and not _is_loopback(url.host):
        message = (
            f"--url {text} has no https, so that others could read the key: http is for this machine only"
        )
        raise UserError(message)
    return url


def checked_key(text: str) -> str:
    """Return the key.

    Raises:
        UserError: there is none, or it cannot be one; the message does not have it.

    """
    key = text.strip()
    if not key:
        message = "RENSEI_API_KEY is not set: put the org's key into this environment variable"
        raise UserError(message)
    if not (key.isascii() and key.isprintable() and " " not in key):
        message = "RENSEI_API_KEY has characters that no key has: copy the key again"
        raise UserError(message)
    return key


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _date(text: str) -> datetime:
    moment = parsedate_to_datetime(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _within(seconds: float, work: Callable[[], tuple[bytes, str]]) -> tuple[bytes, str]:
    """Do work in so many seconds: a server that sends a byte now and then meets all other timeouts.

    Raises:
        TimeoutError: it takes longer, and is left to itself.

    """
    results: SimpleQueue[tuple[bytes, str] | BaseException] = SimpleQueue()

    def run() -> None:
        try:
            results.put(work())
        except BaseException as error:  # noqa: BLE001 - raised by the one who waits
            results.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        result = results.get(timeout=seconds)
    except Empty:
        message = f"no whole answer in {seconds:.0f} s"
        raise TimeoutError(message) from None
    if isinstance(result, BaseException):
        raise result
    return result
