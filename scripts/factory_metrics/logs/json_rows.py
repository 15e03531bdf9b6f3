"""Find the rows in JSON text: one object a line, or lists of them, as exporters and APIs write them."""

import re
from collections.abc import Iterator

import msgspec
from msgspec import Raw

from factory_metrics.json_values import VALUES
from factory_metrics.logs.log_rows import BLANKS, Row

_NEXT = re.compile(r"[ \t\r\n]*")
_ESCAPES = re.compile(r"\\u(?:[dD][89abAB]\w\w\\u[dD][c-fC-F]|([dD][89a-fA-F]))[0-9a-fA-F]{2}|\\.", re.ASCII)
# What surrogateescape makes of a byte that is not UTF-8.
_NO_TEXT = re.compile("[\ud800-\udfff]")

_any_value = msgspec.json.Decoder(Raw)
_array = msgspec.json.Decoder(list[Raw])
_object = msgspec.json.Decoder(dict[str, Raw])


def rows_of_line(line: str) -> list[Row]:
    """Return the rows of a line; none for one that is blank, or an empty array.

    An array, or an object without `id` in which exactly one value is an array, is the array's elements.
    Values one after the other are read each. Where a line is neither, a carriage return ends a line, too.
    From a fault on, the rest is one unreadable row; but where only one value comes before it, and neither a
    comma nor another value follows, all of the line is.
    """
    values, end = _leading_values(line)
    if end == len(line):
        return [row for value in values for row in rows_of_value(value, is_alone=len(values) == 1)]
    if "\r" in line.strip(BLANKS):
        return [row for piece in line.split("\r") for row in rows_of_line(piece)]
    are_rows = all(value[0] in "{[" for value in values) and (len(values) > 1 or line[end] in "{[,")
    if not are_rows:
        values, end = [], 0
    rows = [row for value in values for row in rows_of_value(value, is_alone=True)]
    return [*rows, Row(line[end:].strip("\r\n"), is_readable=False)]


def rows_of_value(value: str, *, is_alone: bool) -> Iterator[Row]:
    """Yield the rows of a JSON value: of an array, or of an object that is a page of them, its elements.

    What is no object is no row, unless it `is_alone` on its line: then it is one without an id.
    """
    elements = _elements(value)
    if elements is None:
        yield Row(_on_one_line(value), is_readable=is_alone or value.startswith("{"))
    else:
        yield from (Row(_on_one_line(element), element.startswith("{")) for element in elements)


def is_value(text: str) -> bool:
    """Tell whether text is one JSON value."""
    try:
        _any_value.decode(paired_surrogates(text))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def paired_surrogates(text: str) -> str:
    r"""Return JSON text with `\ufffd` in the place of each escape that is half a character; its length stays.

    Agents cut text where it gets too long, in the middle of an emoji, too. JSON's grammar has that.
    """
    if "\\u" not in text:
        return text
    return _ESCAPES.sub(lambda escape: "\\ufffd" if escape[1] else escape[0], text)


def _leading_values(line: str) -> tuple[list[str], int]:
    """Return the JSON values that a line begins with, and where they end: at its end, or before a fault."""
    if is_value(line):
        return [line.strip(BLANKS)], len(line)
    values: list[str] = []
    text = paired_surrogates(line)
    at = _after_blanks(text, 0)
    while at < len(text):
        try:
            _, end = VALUES.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        is_apart = text[at] in '{["' or end == len(text) or text[end] in BLANKS
        if not is_apart or _NO_TEXT.search(text, at, end):
            break
        values.append(line[at:end])
        at = _after_blanks(text, end)
    return values, at


def _after_blanks(text: str, start: int) -> int:
    match = _NEXT.match(text, start)
    return match.end() if match else start


def _elements(value: str) -> list[str] | None:
    """Return the rows of a list; None for any other value."""
    if value[0] not in "{[":
        return None
    mended = paired_surrogates(value)
    try:
        if value[0] == "[":
            array = mended.encode()
        else:
            members = _object.decode(mended)
            arrays = [bytes(member) for member in members.values() if bytes(member)[:1] == b"["]
            if "id" in members or len(arrays) != 1 or _repeats_a_key(mended, members):
                return None
            [array] = arrays
        return [bytes(element).decode() for element in _array.decode(array)]
    except RecursionError:
        return None


def _repeats_a_key(text: str, members: dict[str, Raw]) -> bool:
    """Tell whether a JSON object has a key twice: of its values, `members` has only the last."""
    keys = set()
    at = _after_blanks(text, 1)
    while text[at] == '"':
        key, end = VALUES.raw_decode(text, at)
        if key in keys:
            return True
        keys.add(key)
        colon = _after_blanks(text, end)
        start = _after_blanks(text, colon + 1)
        value = bytes(members[key]).decode()
        if not text.startswith(value, start):
            return True
        end = start + len(value)
        # a comma and the next key, or the end
        at = _after_blanks(text, min(_after_blanks(text, end) + 1, len(text) - 1))
    return False


def _on_one_line(value: str) -> str:
    """Return a JSON value without line ends: they are blanks between its tokens, for strings have none."""
    return value.replace("\r", " ").replace("\n", " ")
