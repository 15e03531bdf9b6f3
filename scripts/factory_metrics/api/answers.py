"""Answers: a document in the encoding that a client takes, and what a client needs to know of it."""

from msgspec import Struct

from factory_metrics.api.errors import Headers
from factory_metrics.api.requests import LONGEST_REMEMBERED, accepts_gzip, matches
from factory_metrics.api.snapshot import Document

JSON = (b"content-type", b"application/json")


class Answer(Struct):
    """An answer: status, headers and body; `head` may hold status line and headers, ready to be sent."""

    status: int
    headers: Headers
    content: bytes = b""
    head: bytes = b""


# What a client needs to know of a body that it has.
_KEPT_BY_304 = (b"etag", b"cache-control", b"vary", b"last-modified", b"x-as-of")


def document_answer(document: Document, headers: dict[bytes, bytes]) -> Answer:
    """Return the encoding of a document that a client takes, unless it has it."""
    encoding = headers.get(b"accept-encoding")
    compress = encoding is not None and accepts_gzip(encoding[:LONGEST_REMEMBERED])
    body = document.compressed if compress else document.plain
    tags = headers.get(b"if-none-match")
    if tags is not None and matches(tags, body.etag):
        return Answer(304, [header for header in body.headers if header[0] in _KEPT_BY_304])
    return Answer(200, body.headers, body.content, body.head)


def json_headers(content: bytes) -> Headers:
    """Return the headers of a JSON body."""
    return [JSON, (b"content-length", str(len(content)).encode())]
