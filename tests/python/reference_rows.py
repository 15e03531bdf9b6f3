"""Read delivered rows in plain Python: which are rejected, by which rule, and which are counted.

One half of the independent computation that the tests compare the pipeline with; `reference.py` is the other.
Instants are whole microseconds since 1970-01-01 UTC, measures are exact fractions.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import Generic, NoReturn, TypeVar

from reference_settings import STATIONS, TOKEN_KINDS, Settings, settings

Row = Mapping[str, object]

SECOND = 1_000_000
DAY = 86_400 * SECOND
LONGEST_DURATION = 2**63 - 1  # milliseconds

# The project's own lines of seeds, and nothing else.
DEFAULTS = settings({})

WORK_ITEM_TYPES = ("work-item.started", "work-item.handoff", "work-item.rework", "work-item.completed")
REVIEW_TYPES = ("human.review-started", "human.review-completed")
PIPELINE_TYPES = ("pipeline.started", "pipeline.finished")
INCIDENT_TYPES = ("incident.opened", "incident.resolved")
EVENT_TYPES = (
    *WORK_ITEM_TYPES,
    *REVIEW_TYPES,
    "human.override",
    "agent.tool-summary",
    "agent.crash-recovery",
    *PIPELINE_TYPES,
    "deployment.finished",
    *INCIDENT_TYPES,
)

# The payload key that names what an event is about, for the types that are not about an issue.
SUBJECT_KEYS = {
    "pipeline.started": "pipelineId",
    "pipeline.finished": "pipelineId",
    "deployment.finished": "deploymentId",
    "incident.opened": "incidentId",
    "incident.resolved": "incidentId",
}

# The payload key with the station that an event enters.
STATION_KEYS = {"work-item.started": "stage", "work-item.handoff": "toStage", "work-item.rework": "toStage"}

# Where the calendar begins and ends, in days.
_FIRST_DAY, _END = ((day - date(1970, 1, 1)).days for day in (date.min, date.max))
_END += 1

_OFFSET = r"(?P<o>Z|[+-]\d\d(?::?\d\d)?)?"
_TIME = r"(?:[T ](?P<h>\d\d)(?::(?P<m>\d\d)(?::(?P<s>\d\d)(?:[.,](?P<f>\d+))?)?)?" + _OFFSET + ")?"
_EXTENDED = re.compile(r"(?P<Y>\d{4})-(?P<M>\d\d)-(?P<D>\d\d)" + _TIME, re.ASCII)
# The basic form is without the separators.
_BASIC = re.compile(r"(?P<Y>\d{4})(?P<M>\d\d)(?P<D>\d\d)" + _TIME.replace("?::(", "?:("), re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Event:
    """One event: `at` is when it happened, `station` the one it enters, `subject` the id that it is about."""

    id: str
    org: str
    at: int
    project: str | None
    type: str
    issue: str | None
    session: str | None
    station: str | None
    subject: str | None
    payload: Row


@dataclass(frozen=True)
class Run:
    """One agent run: `cost` in USD, `duration` in milliseconds; None for what is unknown.

    `source` is where the cost is from: `reported`, `computed` or `unknown`.
    """

    id: str
    org: str
    at: int
    session: str
    station: str
    cost: Fraction | None
    duration: Fraction | None
    provider: str
    source: str


Counted = TypeVar("Counted", Event, Run)


@dataclass(frozen=True)
class Cleaned(Generic[Counted]):
    """One log after cleaning: the rows that count, the rejected ones with their rule, the redeliveries."""

    accepted: list[Counted]
    rejected: list[tuple[str, Row]]
    duplicates: int


def as_text(value: object) -> str | None:
    """Return a text value; numbers and booleans as their JSON text."""
    if value is None or isinstance(value, str):
        return value
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


def not_blank(value: object) -> str | None:
    """Return a text value as it is, or None when it is null or only white space."""
    text = as_text(value)
    return text if text and text.strip() else None


def as_instant(value: object) -> int | None:
    """Return an ISO 8601 text as microseconds since 1970-01-01 UTC, or None when it is not a timestamp."""
    if not isinstance(value, str):
        return None
    match = _EXTENDED.fullmatch(value) or _BASIC.fullmatch(value)
    if not match:
        return None
    try:
        days = (date(int(match["Y"]), int(match["M"]), int(match["D"])) - date(1970, 1, 1)).days
    except ValueError:
        return None
    hour, minute, second = (int(match[part] or 0) for part in ("h", "m", "s"))
    offset = (match["o"] or "Z").replace(":", "").replace("Z", "+0000").ljust(5, "0")
    offset_hours, offset_minutes = int(offset[1:3]), int(offset[3:5])
    if max(hour, offset_hours) >= 24 or max(minute, second, offset_minutes) >= 60:
        return None
    ahead = (offset_hours * 3600 + offset_minutes * 60) * (-1 if offset[0] == "-" else 1)
    micros = int((match["f"] or "").ljust(6, "0")[:6])
    at = days * DAY + (hour * 3600 + minute * 60 + second - ahead) * SECOND + micros
    return at if _FIRST_DAY * DAY <= at < _END * DAY else None  # in UTC, too, its year is 1 to 9999


def as_object(value: object) -> Row | None:
    """Return a JSON object, delivered as such or as text, or None when it is anything else."""
    if isinstance(value, str):
        try:
            value = json.loads(value, parse_float=Decimal, parse_constant=_refuse)
        except ValueError:
            return None
    return value if isinstance(value, dict) else None


def as_content(value: object) -> Row | None:
    """Return the object that a row delivers; an empty one for no value, None for anything else."""
    return {} if not_blank(value) is None else as_object(value)


def _refuse(constant: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python reads but JSON does not have."""
    message = f"{constant} is not JSON"
    raise ValueError(message)


def as_measure(value: object) -> Fraction | None:
    """Return a number of 0 or more and, rounded to 9 decimals, below 1e19; or None."""
    if value is None or isinstance(value, bool) or not _NUMBER.fullmatch(str(value)):
        return None
    number = Decimal(str(value))
    if number < 0 or number >= 10**19:
        return None
    with localcontext(prec=60):
        rounded = Fraction(number.quantize(Decimal("1e-9"), ROUND_HALF_UP))
    return rounded if rounded < 10**19 else None


def as_duration(value: object) -> Fraction | None:
    """Return a measure that 64 bits hold, or None."""
    duration = as_measure(value)
    return None if duration is None or duration > LONGEST_DURATION else duration


def as_number(value: object) -> object:
    """Return the value of a payload's key if it is a JSON number, else None."""
    return value if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) else None


def as_tokens(content: Row) -> tuple[bool, dict[str, Fraction] | None]:
    """Return whether an object has counts of tokens, and the counts; None where one is no whole number."""
    given = {kind: content[key] for kind, key in TOKEN_KINDS.items() if content.get(key) is not None}
    counts = {kind: as_measure(as_number(value)) for kind, value in given.items()}
    # as they are written: a measure is rounded
    whole = {kind: n for kind, n in counts.items() if n is not None and not Decimal(str(given[kind])) % 1}
    return bool(given), whole if given and len(whole) == len(given) else None


def with_computed_cost(
    run: Run, model: str | None, tokens: Mapping[str, Fraction] | None, given: Settings
) -> Run:
    """Return a run with the cost of its tokens, if it has none of its own and all is known."""
    day = date(1970, 1, 1) + timedelta(days=run.at // DAY)
    exact = None if run.cost is not None else given.computed_cost(model, tokens, day)
    if exact is None:
        return run
    cost = Fraction((exact * 10**9 + Fraction(1, 2)).__floor__(), 10**9)  # half away from zero
    return replace(run, cost=cost, source="computed") if cost < 10**19 else run


def broken_event_rule(row: Row, given: Settings = DEFAULTS) -> str | None:
    """Return the first rule that a row of `factory_events` breaks, or None."""
    event = as_event(row, given)
    return _first_broken(
        missing_id=not_blank(event.id) is None,
        missing_org=not_blank(event.org) is None,
        unknown_event_type=event.type not in EVENT_TYPES,
        **_broken_times(row.get("occurred_at"), row.get("ingested_at")),
        invalid_payload=as_content(row.get("payload")) is None,
        missing_subject=(event.type in (*WORK_ITEM_TYPES, *REVIEW_TYPES) and event.issue is None)
        or (event.type in SUBJECT_KEYS and event.subject is None),
        unknown_station=event.type in STATION_KEYS and event.station is None,
    )


def broken_run_rule(row: Row, given: Settings = DEFAULTS) -> str | None:
    """Return the first rule that a row of `factory_metrics` breaks, or None."""
    run = as_run(row, given)
    return _first_broken(
        missing_id=not_blank(run.id) is None,
        missing_org=not_blank(run.org) is None,
        **_broken_times(row.get("recorded_at"), row.get("ingested_at")),
        invalid_payload=as_content(row.get("metadata")) is None,
        missing_subject=not_blank(run.session) is None,
        unknown_station=run.station not in STATIONS,
        invalid_measure=_is_bad(row.get("cost_usd"), as_measure)
        or _is_bad(row.get("duration_ms"), as_duration),
    )


def _is_bad(value: object, as_number: Callable[[object], Fraction | None]) -> bool:
    """Tell whether a measure is given, but none; without a value it is unknown."""
    return not_blank(value) is not None and as_number(value) is None


def _first_broken(**broken: bool) -> str | None:
    """Return the name of the first rule that is broken; the rules are given in their order."""
    return next((rule for rule, is_broken in broken.items() if is_broken), None)


def _broken_times(happened: object, ingested: object) -> dict[str, bool]:
    """Tell which of the two rules on timestamps are broken."""
    happened_at = as_instant(happened)
    ingested_at = happened_at if not_blank(ingested) is None else as_instant(ingested)
    if happened_at is None or ingested_at is None:
        return {"invalid_timestamp": True}
    return {"future_timestamp": happened_at - ingested_at > DAY}


def as_event(row: Row, given: Settings = DEFAULTS) -> Event:
    """Return a row as an event; what cannot be read is empty."""
    payload, kind = as_object(row.get("payload")) or {}, as_text(row.get("event_type")) or ""
    org = not_blank(row.get("org_id")) or given.default_org or ""
    return Event(
        id=as_text(row.get("id")) or "",
        org=org,
        at=as_instant(row.get("occurred_at")) or 0,
        project=not_blank(row.get("project_id")) or not_blank(payload.get("projectId")),
        type=kind,
        issue=not_blank(row.get("issue_id")) or not_blank(payload.get("issueId")),
        session=not_blank(row.get("session_id")) or not_blank(payload.get("sessionId")),
        station=given.station(as_text(payload.get(STATION_KEYS.get(kind, ""))), org),
        subject=not_blank(payload.get(SUBJECT_KEYS.get(kind, ""))),
        payload=payload,
    )


def as_run(row: Row, given: Settings = DEFAULTS) -> Run:
    """Return a row as an agent run; what cannot be read is empty or None."""
    metadata = as_object(row.get("metadata")) or {}
    org = not_blank(row.get("org_id")) or given.default_org or ""
    cost = as_measure(row.get("cost_usd"))
    run = Run(
        id=as_text(row.get("id")) or "",
        org=org,
        at=as_instant(row.get("recorded_at")) or 0,
        session=as_text(row.get("session_id")) or "",
        station=given.station(as_text(row.get("station")), org) or "",
        cost=cost,
        duration=as_measure(row.get("duration_ms")),
        provider=(not_blank(metadata.get("provider")) or "unknown").strip().lower(),
        source="unknown" if cost is None else "reported",
    )
    return with_computed_cost(run, as_text(metadata.get("model")), as_tokens(metadata)[1], given)


def landed_at(row: Row) -> int | None:
    """Return when a row was landed, or None when it does not say: then it is the row's own time."""
    return as_instant(row.get("ingested_at"))


def clean(
    rows: Iterable[Row],
    broken_rule: Callable[[Row, Settings], str | None],
    convert: Callable[[Row, Settings], Counted],
    given: Settings,
) -> Cleaned[Counted]:
    """Reject, convert and deduplicate the rows of one log."""
    rejected: list[tuple[str, Row]] = []
    deliveries: dict[tuple[str, str], list[tuple[int, Counted]]] = {}
    for row in rows:
        if rule := broken_rule(row, given):
            rejected.append((rule, row))
            continue
        item = convert(row, given)
        deliveries.setdefault((item.org, item.id), []).append((landed_at(row) or item.at, item))
    # The delivery with the earliest ingested_at counts.
    accepted = [min(group, key=lambda delivery: delivery[:1])[1] for group in deliveries.values()]
    duplicates = sum(len(group) - 1 for group in deliveries.values())
    return Cleaned(accepted, rejected, duplicates)
