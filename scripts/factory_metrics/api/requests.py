"""Read what a request asks for: parameters, and the headers that choose between answers."""

from functools import cache, lru_cache
from urllib.parse import parse_qsl

from msgspec import Struct

from factory_metrics.api.errors import Headers
from factory_metrics.documents.contract import METRIC_TYPES
from factory_metrics.documents.marts import Mart
from factory_metrics.project import FIRST_RANGE, time_ranges

# What was read from texts is remembered, except long ones.
LONGEST_REMEMBERED = 500

METRIC_TYPE_DEFAULT = "aggregate"
TIME_RANGE_DEFAULT = FIRST_RANGE

_LONGEST_QUERY = 16_384


class Query(Struct, frozen=True):
    """What is asked for; `org_id` is None when the key's own org is meant."""

    mart: Mart
    org_id: str | None = None


@cache
def known_time_ranges() -> list[str]:
    """Return the time ranges of the project."""
    return time_ranges()


class Fault(Struct, frozen=True):
    """What is wrong with a query: an error's code and message.

    No exception, as those gather a traceback each time that they are raised, and this is kept.
    """

    code: str
    message: str


@lru_cache(maxsize=1024)
def read_query(query_string: bytes) -> Query | Fault:
    """Return what a query string asks for, or what is wrong with it."""
    if len(query_string) > _LONGEST_QUERY:
        return Fault("INVALID_PARAMETER", f"The query may have {_LONGEST_QUERY} bytes.")
    pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    chosen = {}
    for name, code, valid, default in (
        ("metricType", "INVALID_METRIC_TYPE", list(METRIC_TYPES), METRIC_TYPE_DEFAULT),
        ("timeRange", "INVALID_TIME_RANGE", known_time_ranges(), TIME_RANGE_DEFAULT),
    ):
        given = values.get(name, [default])
        if len(given) > 1:
            return Fault(code, f"Invalid {name}. Must be given once, as one of: {', '.join(valid)}")
        if given[0] not in valid:
            return Fault(code, f"Invalid {name}. Must be one of: {', '.join(valid)}")
        chosen[name] = given[0]
    orgs = values.get("orgId", [])
    if len(orgs) > 1:
        return Fault("INVALID_PARAMETER", "Invalid orgId. Must be given once.")
    mart = Mart(chosen["metricType"], chosen["timeRange"])
    return Query(mart, orgs[0] if orgs else None)


@lru_cache(maxsize=256)
def accepts_gzip(accept_encoding: bytes) -> bool:
    """Whether an `Accept-Encoding` header allows gzip."""
    weights: dict[str, float] = {}
    for item in accept_encoding.decode("latin-1").lower().split(","):
        coding, *parameters = (part.strip() for part in item.split(";"))
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                try:
                    weight = float(value)
                except ValueError:
                    weight = 0.0
        weights[coding] = weight
    for coding in ("gzip", "x-gzip", "*"):
        if coding in weights:
            return weights[coding] > 0
    return False


def matches(if_none_match: bytes, etag: bytes) -> bool:
    """Whether an `If-None-Match` header names this ETag, or any (`*`)."""
    tags = (tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b","))
    return if_none_match.strip() == b"*" or etag in tags


def joined(lines: Headers) -> dict[bytes, bytes]:
    """Return headers of which some have several lines; those are one list (RFC 9110, section 5.3)."""
    headers: dict[bytes, bytes] = {}
    for name, value in lines:
        headers[name] = headers[name] + b", " + value if name in headers else value
    return headers
