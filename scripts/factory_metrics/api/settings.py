"""Settings of the endpoint: environment variables, checked once at the start."""

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints
from urllib.parse import urlsplit

import duckdb
from msgspec import Struct, structs
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from factory_metrics.api.limits import RedisLink
from factory_metrics.project import ROOT, UserError, default_warehouse

PREFIX = "FACTORY_API_"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_LARGEST_PORT = 65535
_LONGEST_HOST = 253
# Less is not enough to read documents.
_LEAST_MEMORY_MB = 64


def _number(text: str) -> int:
    # Python's int takes signs, spaces, underscores and other scripts' digits, too.
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ValueError
    return int(text)


def _positive(text: str) -> int:
    number = _number(text)
    if number < 1:
        raise ValueError
    return number


def _port(text: str) -> int:
    number = _number(text)
    if number > _LARGEST_PORT:
        raise ValueError
    return number


def _host(text: str) -> str:
    if len(text) > _LONGEST_HOST or not text.isprintable() or not text.isascii():
        raise ValueError
    return text


def _switch(text: str) -> bool:
    return {"on": True, "off": False}[text.lower()]


def _memory(text: str) -> str:
    found = re.fullmatch(r"([1-9][0-9]{0,5})(MB|GB|MiB|GiB)", text)
    if not found or (found[2][0] == "M" and int(found[1]) < _LEAST_MEMORY_MB):
        raise ValueError
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{text}'")
    return text


def _database(text: str) -> str:
    url = make_url(text)
    is_known = url.drivername in {"sqlite", "postgresql", "postgresql+psycopg"}
    if not is_known or not url.database or url.database == ":memory:":
        raise ValueError
    return text


def _redis(text: str) -> str:
    if urlsplit(text).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError
    RedisLink(text)
    return text


def _origins(text: str) -> frozenset[str]:
    found = frozenset(text.split())
    for origin in found:
        parts = urlsplit(origin)
        # As browsers send it: in lower case, without the scheme's usual port.
        usual = {"http": 80, "https": 443}.get(parts.scheme)
        if (
            usual is None
            or not parts.hostname
            or parts.username is not None
            or parts.port in {usual, 0}
            or not origin.isascii()
            or origin != origin.lower()
            or origin != f"{parts.scheme}://{parts.netloc}"
            or parts.netloc.endswith(":")
        ):
            raise ValueError
    return found


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part) for part in text.split())


class Reader(Struct, frozen=True):
    """How a setting is read from text, and what the text must be."""

    read: Callable[[str], Any]
    expects: str


_HOST = Reader(_host, "an address of this machine, such as 127.0.0.1")
_PORT = Reader(_port, "a port from 0 to 65535 (0: any free one)")
_COUNT = Reader(_positive, "a whole number of 1 or more")


class Settings(Struct, frozen=True, kw_only=True):
    """The endpoint's settings; `FACTORY_API_PORT` is `port`, and so on.

    Sizes are in megabytes of 1,000,000 bytes, times in seconds, rates per minute.
    """

    warehouse: Path = Path()
    host: Annotated[str, _HOST] = "127.0.0.1"
    port: Annotated[int, _PORT] = 8000
    metrics_host: Annotated[str, _HOST] = "127.0.0.1"
    metrics_port: Annotated[int, _PORT] = 9464
    keys_url: Annotated[
        str,
        Reader(_database, "a database URL such as sqlite:////srv/keys.sqlite or postgresql://user@host/name"),
    ] = f"sqlite:///{ROOT / 'warehouse' / 'api_keys.sqlite'}"
    redis_url: Annotated[str, Reader(_redis, "a URL such as redis://127.0.0.1:6379/0, or nothing")] = ""
    connections: Annotated[int, _COUNT] = 1_000
    connections_per_address: Annotated[int, _COUNT] = 500
    rate_per_minute: Annotated[int, _COUNT] = 1_000
    rate_burst: Annotated[int, _COUNT] = 10_000
    failures_per_minute: Annotated[int, _COUNT] = 60
    failures_burst: Annotated[int, _COUNT] = 120
    cors_origins: Annotated[
        frozenset[str],
        Reader(
            _origins,
            "origins such as https://dashboard.example.com, as browsers send them, separated by spaces",
        ),
    ] = frozenset()
    trusted_proxies: Annotated[
        tuple[Network, ...],
        Reader(_networks, "addresses or networks such as 10.0.0.0/8, separated by spaces"),
    ] = ()
    document_cache_mb: Annotated[int, _COUNT] = 256
    memory_limit: Annotated[str, Reader(_memory, f"a size such as 512MB, from {_LEAST_MEMORY_MB}MB")] = (
        "512MB"
    )
    strict: Annotated[bool, Reader(_switch, "`on` or `off`")] = False
    access_log: Annotated[bool, Reader(_switch, "`on` or `off`")] = True
    shutdown_seconds: Annotated[int, _COUNT] = 20

    @property
    def keys_database(self) -> str:
        """The key store's URL, with the driver that is installed."""
        url = make_url(self.keys_url)
        if url.get_backend_name() == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        return url.render_as_string(hide_password=False)


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings; a variable that is not set, or empty, leaves the default.

    Raises:
        UserError: a variable has a value that does not fit, or is none of the settings (a typing error).

    """
    readers = {name: get_args(hint)[1] for name, hint in _hints().items() if get_args(hint)}
    values: dict[str, Any] = {}
    for variable in sorted(environment):
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in readers or variable != variable.upper():
            known = ", ".join(f"{PREFIX}{known.upper()}" for known in readers)
            message = f"the environment variable {variable} is no setting; there are: {known}"
            raise UserError(message)
        if not environment[variable]:
            continue
        try:
            values[name] = readers[name].read(environment[variable])
        except (ValueError, KeyError, TypeError, ArgumentError, duckdb.Error) as error:
            # The value is not repeated: it may hold a password.
            message = f"the environment variable {variable} must be {readers[name].expects}"
            raise UserError(message) from error
    return structs.replace(Settings(**values), warehouse=default_warehouse())


def _hints() -> dict[str, Any]:
    return get_type_hints(Settings, include_extras=True)
