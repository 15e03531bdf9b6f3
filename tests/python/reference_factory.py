"""One org in one window, for the reference: visits, completions, and how numbers and texts are written.

See reference.py.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from reference_rows import (
    DAY,
    SECOND,
    WORK_ITEM_TYPES,
    Event,
    Run,
)

TIME_RANGES = (7, 30, 90)
LIST_LIMIT = 50
Document = dict[str, object]


def rounded(value: Fraction | int, decimals: int) -> Fraction:
    """Round half away from zero."""
    scaled = abs(Fraction(value)) * 10**decimals
    whole = (scaled + Fraction(1, 2)).__floor__()
    return Fraction(whole if value >= 0 else -whole, 10**decimals)


def usd(value: Fraction | int) -> float:
    """Return USD, 4 decimals."""
    return float(rounded(value, 4))


def percent(value: Fraction | int) -> float:
    """Return a percentage from 0 to 100, 1 decimal."""
    return float(rounded(value, 1))


def rate(value: Fraction | int) -> float:
    """Return a rate from 0 to 1, 4 decimals."""
    return float(rounded(value, 4))


def milliseconds(micros: Fraction | int) -> int:
    """Return microseconds as whole milliseconds."""
    return int(rounded(Fraction(micros) / 1000, 0))


def ratio(numerator: Fraction | int, denominator: Fraction | int) -> Fraction:
    """Divide; 0 when the denominator is 0."""
    return Fraction(numerator) / Fraction(denominator) if denominator else Fraction(0)


def mean(values: Sequence[Fraction | int]) -> Fraction:
    """Return the mean; 0 of none."""
    return ratio(sum(values, Fraction(0)), len(values))


def median(values: Iterable[int]) -> Fraction:
    """Return the median, the mean of the middle two of an even number; 0 of none."""
    ordered = sorted(values)
    if not ordered:
        return Fraction(0)
    return mean([ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]])


def short(value: Fraction | int, decimals: int) -> str:
    """Return a number as text, without the zeros at the end of its decimals."""
    text = f"{rounded(value, decimals) * 10**decimals}".zfill(decimals + 1)
    whole, fraction = text[: len(text) - decimals], text[len(text) - decimals :].rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def length_text(micros: Fraction | int) -> str:
    """Return a length as text: `45s`, `15m`, `4.5h` or `2.3d`; the unit is chosen before rounding."""
    seconds = Fraction(micros) / SECOND
    if seconds < 60:
        return f"{short(seconds, 0)}s"
    if seconds < 3600:
        return f"{short(seconds / 60, 0)}m"
    if seconds < 86400:
        return f"{short(seconds / 3600, 1)}h"
    return f"{short(seconds / 86400, 1)}d"


def day_of(at: int) -> date:
    """Return the UTC date of an instant."""
    return date(1970, 1, 1) + timedelta(days=at // DAY)


def timestamp_text(at: int | None) -> str | None:
    """Return an instant as `2026-06-02T14:00:00Z`, cut off to whole seconds."""
    if at is None:
        return None
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at // SECOND)
    return moment.replace(tzinfo=None).isoformat() + "Z"


@dataclass(frozen=True)
class Visit:
    """An issue's visit to a station; `ending` is forward, rework or restarted, None (as `end`) while open."""

    issue: str
    station: str
    start: int
    end: int | None
    ending: str | None

    @property
    def length(self) -> int:
        """Microseconds from start to end, 0 while open."""
        return 0 if self.end is None else self.end - self.start


@dataclass(frozen=True)
class Completion:
    """An issue completed in the window: its latest completed event, and what led to it."""

    event: Event
    cycle_time: int
    first_pass: bool


def visits_of_issue(issue: str, events: Iterable[Event]) -> list[Visit]:
    """Walk one issue's work-item events, ordered by time and id, through the stations."""
    visits = []
    here: str | None = None
    since = 0
    for event in events:
        if event.type in ("work-item.started", "work-item.handoff") and event.station == here:
            continue
        if here is not None:
            ending = {"work-item.started": "restarted", "work-item.rework": "rework"}.get(event.type)
            visits.append(Visit(issue, here, since, event.at, ending or "forward"))
        here = None if event.type == "work-item.completed" else event.station
        since = event.at
    if here is not None:
        visits.append(Visit(issue, here, since, None, None))
    return visits


class Factory:
    """One org's events and runs up to the as-of, and one window over them."""

    def __init__(self, events: list[Event], runs: list[Run], as_of: int, days: int) -> None:
        """Take everything up to the as-of, ordered by time and id."""
        self.as_of = as_of
        self.days = days
        self.start = as_of // DAY * DAY - (days - 1) * DAY
        self.events = events
        self.all_runs = runs
        self.runs = [r for r in runs if self.has(r.at)]
        self.visits = [visit for issue in self.issues() for visit in visits_of_issue(issue, self.work(issue))]
        self.completions = [c for issue in self.issues() if (c := self.completion(issue))]

    def has(self, at: int | None) -> bool:
        """Tell whether an instant is in the window, both ends included."""
        return at is not None and self.start <= at <= self.as_of

    def dates(self) -> list[date]:
        """Return the days of the window, oldest first."""
        return [day_of(self.start) + timedelta(days=i) for i in range(self.days)]

    def of_type(self, *types: str) -> list[Event]:
        """Return all events of some types up to the as-of."""
        return [e for e in self.events if e.type in types]

    def in_window(self, *types: str) -> list[Event]:
        """Return the events of some types in the window."""
        return [e for e in self.of_type(*types) if self.has(e.at)]

    def issues(self) -> list[str]:
        """Return the issues that have work-item events."""
        return sorted({e.issue for e in self.of_type(*WORK_ITEM_TYPES) if e.issue})

    def work(self, issue: str) -> list[Event]:
        """Return an issue's work-item events, in order."""
        return [e for e in self.of_type(*WORK_ITEM_TYPES) if e.issue == issue]

    def completion(self, issue: str) -> Completion | None:
        """Return how an issue was completed in the window, or None when it was not."""
        work = self.work(issue)
        if not any(e.type == "work-item.completed" and self.has(e.at) for e in work):
            return None
        last = [e for e in work if e.type == "work-item.completed"][-1]
        reworked = any(e.type == "work-item.rework" and e.at <= last.at for e in work)
        return Completion(last, last.at - work[0].at, not reworked)

    def latest(self, issue: str | None, kind: str, at: int) -> int | None:
        """Return when the issue's latest event of a type at or before an instant happened, or None."""
        times = [e.at for e in self.of_type(kind) if e.issue == issue and e.at <= at]
        return max(times, default=None)

    def first(self, kind: str, subject: str | None) -> Event | None:
        """Return the first event of a type about a pipeline or an incident, or None."""
        return next((e for e in self.of_type(kind) if e.subject == subject), None)

    def exits(self, station: str) -> list[Visit]:
        """Return the visits to a station that ended forward or in rework in the window."""
        return [
            v
            for v in self.visits
            if v.station == station and v.ending in ("forward", "rework") and self.has(v.end)
        ]

    def forward_issues(self, station: str) -> set[str]:
        """Return the issues with a forward exit from a station in the window."""
        return {v.issue for v in self.exits(station) if v.ending == "forward"}

    def cost_of(self, station: str | None = None) -> Fraction:
        """Return the cost of the window's runs, of one station or of all."""
        return sum((r.cost or Fraction(0) for r in self.runs if station in (None, r.station)), Fraction(0))

    def daily_costs(self) -> list[Fraction]:
        """Return the cost of each day of the window."""
        return [
            sum((r.cost or Fraction(0) for r in self.runs if day_of(r.at) == day), Fraction(0))
            for day in self.dates()
        ]
