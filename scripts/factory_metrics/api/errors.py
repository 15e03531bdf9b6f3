"""The errors that a client can get, and their one JSON shape."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

# Each code and its status; the first five are the documented ones.
STATUSES = {
    "INVALID_METRIC_TYPE": 400,
    "INVALID_TIME_RANGE": 400,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "DATABASE_ERROR": 500,
    "INVALID_PARAMETER": 400,
    "BAD_REQUEST": 400,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "REQUEST_TIMEOUT": 408,
    "CONTENT_TOO_LARGE": 413,
    "HEADERS_TOO_LARGE": 431,
    "RATE_LIMITED": 429,
    "INTERNAL_ERROR": 500,
    "NOT_READY": 503,
}

Headers = list[tuple[bytes, bytes]]


class ErrorDetail(Struct, frozen=True):
    """What went wrong."""

    code: Annotated[str, Meta(description="What went wrong, for programs.", examples=["INVALID_TIME_RANGE"])]
    message: Annotated[
        str,
        Meta(
            description="What went wrong, for people.",
            examples=["Invalid timeRange. Must be one of: 7d, 30d, 90d"],
        ),
    ]
    status: Annotated[int, Meta(description="HTTP status of the answer.", examples=[400])]


class ErrorDocument(Struct, frozen=True):
    """The body of every error."""

    error: Annotated[ErrorDetail, Meta(description="What went wrong.")]


class ApiError(Exception):
    """An answer that is an error; `headers` are those that it has beside the usual ones."""

    def __init__(self, code: str, message: str, headers: Headers | None = None) -> None:
        """Make an error of one of the codes in `STATUSES`; the message goes to the client."""
        super().__init__(message)
        self.code = code
        self.status = STATUSES[code]
        self.headers = headers or []

    def body(self) -> bytes:
        """Return the JSON."""
        return msgspec.json.encode(ErrorDocument(ErrorDetail(self.code, str(self), self.status)))


def database_error() -> ApiError:
    """Return the documented error for data that cannot be read now."""
    message = "The metrics cannot be read at the moment. Try again in a few seconds."
    return ApiError("DATABASE_ERROR", message, [(b"retry-after", b"2")])


def internal_error() -> ApiError:
    """Return the error for what nobody thought of."""
    return ApiError("INTERNAL_ERROR", "Something went wrong on our side.")


def bad_request(message: str) -> ApiError:
    """Return the error for a request that cannot be understood."""
    return ApiError("BAD_REQUEST", message)


def unauthorized(challenge: bytes) -> ApiError:
    """Return the error for a request without a good key; it does not say what is wrong with the key."""
    return ApiError("UNAUTHORIZED", "Missing or invalid API key.", [(b"www-authenticate", challenge)])


def forbidden(message: str, headers: Headers | None = None) -> ApiError:
    """Return the error for what a good key may not do."""
    return ApiError("FORBIDDEN", message, headers)


def not_found(endpoint: str) -> ApiError:
    """Return the error for an unknown path."""
    return ApiError("NOT_FOUND", f"There is nothing here. The endpoint is {endpoint}.")


def not_allowed(allow: str = "GET, HEAD") -> ApiError:
    """Return the error for another method."""
    return ApiError("METHOD_NOT_ALLOWED", f"Allowed are: {allow}", [(b"allow", allow.encode())])


def not_ready(message: str) -> ApiError:
    """Return the error of a server that starts or stops."""
    return ApiError("NOT_READY", message, [(b"retry-after", b"2")])


def rate_limited(seconds: int) -> ApiError:
    """Return the error for a client that must wait."""
    message = f"Too many requests. Try again in {seconds} s."
    return ApiError("RATE_LIMITED", message, [(b"retry-after", str(seconds).encode())])
