"""Read a page of events, as the platform's API answers it, without changing a character of their values."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple, TypeGuard

from factory_metrics.instants import utc_instant
from factory_metrics.json_values import VALUES
from factory_metrics.project import UserError
from factory_metrics.shared_constants import TIME_COLUMNS, spellings

# Most events that one answer has.
PAGE_LIMIT = 500

_ORG_COLUMNS = spellings(["org_id"])
_TIME_COLUMNS = spellings(TIME_COLUMNS["factory_events"])
_STRING_OR_BLANKS = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")|[ \t\r\n]+')


class BrokenPageError(Exception):
    """A body that is not JSON, or was cut off on the way: worth asking for once more."""


class Event(NamedTuple):
    """An event: its id, its own time (UTC), if it has one, and its row of the log, on one line."""

    id: str
    time: datetime | None
    row: str


def read_page(body: bytes, org: str) -> list[Event]:
    """Return the events of an answer, with the org written into their rows.

    Raises:
        BrokenPageError: the body is not JSON.
        UserError: it is JSON, but no page of events of this org.

    """
    try:
        text = _STRING_OR_BLANKS.sub(lambda found: found[1] or "", body.decode())
        VALUES.decode(text)
    except (ValueError, RecursionError) as error:
        message = f"the answer is not whole, valid JSON ({error})"
        raise BrokenPageError(message) from error
    starts = [member.value for member in _members(text) if member.key == "events"] if text[0] == "{" else []
    if len(starts) != 1 or text[starts[0]] != "[":
        message = f"the answer is no page of events, {{'events': [...]}}, but {_shown(text)}: check --url"
        raise UserError(message)
    return [_event(element, org) for element in _elements(text, starts[0])]


def row_id(row: str) -> str:
    """Return the id of a row of a file.

    Raises:
        ValueError: it is no row that has one.

    """
    value = VALUES.decode(row)
    if isinstance(value, dict) and isinstance(value.get("id"), str):
        return str(value["id"])
    message = "a row has no id"
    raise ValueError(message)


class _Member(NamedTuple):
    """A member of an object: its key, where it and its value begin, and where it ends."""

    key: str
    start: int
    value: int
    end: int


def _members(text: str) -> Iterator[_Member]:
    """Yield the members of an object; `text` is valid and has no blanks between values."""
    start = 1
    while text[start] == '"':
        key, colon = VALUES.raw_decode(text, start)
        _, end = VALUES.raw_decode(text, colon + 1)
        yield _Member(key, start, colon + 1, end)
        start = end + (text[end] == ",")


def _elements(text: str, start: int) -> Iterator[str]:
    """Yield the elements of the array that begins at `start`."""
    position = start + 1
    while text[position] != "]":
        _, end = VALUES.raw_decode(text, position)
        yield text[position:end]
        position = end + (text[end] == ",")


def _event(text: str, org: str) -> Event:
    value = VALUES.decode(text)
    identity = value.get("id") if isinstance(value, dict) else None
    if not isinstance(identity, str) or not identity.strip():
        message = f"the answer has an event without an id, {_shown(text)}: nothing of it is kept"
        raise UserError(message)
    owner = next((value[name] for name in _ORG_COLUMNS if _has_text(value.get(name))), org)
    if owner != org:
        message = f"the key is of the org {owner!r}, as the event {identity!r} says: give --org {owner}"
        raise UserError(message)
    if value.get("org_id") == org:
        return Event(identity, _time(value), text)
    if "org_id" in value:
        kept = [text[member.start : member.end] for member in _members(text) if member.key != "org_id"]
        text = "{" + ",".join(kept) + "}"
    return Event(identity, _time(value), f'{{"org_id":{json.dumps(org, ensure_ascii=False)},{text[1:]}')


def _time(event: dict[str, object]) -> datetime | None:
    """Return an event's own time: the first of its columns that has a value, if that is an instant."""
    for name in _TIME_COLUMNS:
        value = event.get(name)
        if _has_text(value):
            try:
                return utc_instant(value, name).replace(tzinfo=UTC)
            except UserError:
                return None
    return None


def _has_text(value: object) -> TypeGuard[str]:
    """Tell whether it is a text that is not blank."""
    return isinstance(value, str) and bool(value.strip())


def _shown(text: str) -> str:
    """Return the beginning of a text, as far as it can be printed."""
    return ascii(text[:100])[1:-1]
