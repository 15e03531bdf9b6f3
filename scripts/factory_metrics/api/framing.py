"""Where a request begins and ends, by one strict grammar.

A proxy in front may be more lenient than we are, or lenient in another way. Whatever two programs could read
as two requests here and one there is refused, so no bytes of a client become part of another's request.
"""

import re

from factory_metrics.api.errors import Headers

END_OF_HEAD = b"\r\n\r\n"

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
# RFC 9112, sections 2 to 5, without what it calls obsolete: folded lines, other line ends than CRLF. One
# empty line before a request is ignored (section 2.2).
_HEAD = re.compile(
    rb"(?:\r\n)?"
    rb"%b [!\"$-~]++ HTTP/1\.[01]\r\n"
    rb"(?:%b:[\t -~\x80-\xff]*+\r\n)*+"
    rb"\r\n" % (_TOKEN, _TOKEN)
)
# What no head has, however it goes on.
_NEVER = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n|\Z)|(?<!\r)\n")
# RFC 3986: host and port. The host may be empty.
_HOST = re.compile(
    rb"(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*+(?::[0-9]*)?"
    rb"|\[(?:[0-9A-Fa-f:.]+|v[0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+)\](?::[0-9]*)?"
)
_LENGTH = re.compile(rb"[0-9]{1,18}")


def is_head(head: bytes) -> bool:
    """Whether the bytes up to an empty line are request line and headers."""
    return _HEAD.fullmatch(head) is not None


def may_become_head(start: bytes, checked: int) -> bool:
    """Whether bytes may be the beginning of a head; those before `checked` were found good."""
    return _NEVER.search(start, max(0, checked - 1)) is None


def fault_of(method: bytes, version: str, headers: Headers, *, upgrades: bool) -> str | None:
    """Return what makes it doubtful where a request ends or whom it is for, None when nothing does."""
    hosts: list[bytes] = []
    lengths: list[bytes] = []
    codings: list[bytes] = []
    that_matter = {b"host": hosts, b"content-length": lengths, b"transfer-encoding": codings}
    for name, value in headers:
        if name in that_matter:
            that_matter[name].append(value)
    if len(hosts) != 1 and (hosts or version != "1.0"):
        return "The header Host must be given once."
    if hosts and not _HOST.fullmatch(hosts[0]):
        return "The header Host must be a host, with a port or without."
    # After CONNECT, and after an upgrade, the next bytes may be of another protocol.
    if method == b"CONNECT":
        return "This is no proxy: CONNECT is no method here."
    if (lengths or codings) and (fault := _fault_of_body(version, lengths, codings)):
        return fault
    if upgrades and (codings or (lengths and int(lengths[0]))):
        return "A request that wants another protocol (Upgrade) may have no body."
    return None


def _fault_of_body(version: str, lengths: list[bytes], codings: list[bytes]) -> str | None:
    """Return what makes it doubtful where a body ends, None when nothing does."""
    if codings and version == "1.0":
        return "HTTP/1.0 has no Transfer-Encoding."
    if codings and lengths:
        return "A request has Content-Length or Transfer-Encoding, not both."
    if codings and [coding.lower() for coding in codings] != [b"chunked"]:
        return "The header Transfer-Encoding must be `chunked`, once."
    if lengths and (len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0])):
        return "The header Content-Length must be a number of bytes, once."
    return None
