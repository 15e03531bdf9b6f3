"""Pull an org's events, hour by hour (UTC), from where the last pull stopped to now."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from factory_metrics.documents.document_files import only_run
from factory_metrics.project import UserError
from factory_metrics.pull.event_pages import PAGE_LIMIT
from factory_metrics.pull.hour_files import HourFiles, Progress, merged, second

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from factory_metrics.pull.event_pages import Event
    from factory_metrics.pull.events_client import EventsAnswer, EventsClient

_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)
_MILLISECOND = timedelta(milliseconds=1)
_FIRST_YEAR = 2000


@dataclass
class PullSummary:
    """What a pull did: hours asked for, events answered, those that are new or changed, files written."""

    hours: int = 0
    events: int = 0
    new: int = 0
    files: int = 0

    def add(self, other: PullSummary) -> None:
        """Count what another one has, too."""
        self.hours += other.hours
        self.events += other.events
        self.new += other.new
        self.files += other.files

    def __str__(self) -> str:
        """Say it in words."""
        hours, files = (
            f"{count:,} {name}{'' if count == 1 else 's'}"
            for count, name in ((self.hours, "hour"), (self.files, "file"))
        )
        return f"{hours}, {self.events:,} events, {self.new:,} of them new or changed, {files} written"


@dataclass
class Pull:
    """One pull of one org."""

    client: EventsClient
    files: HourFiles
    since: datetime | None
    overlap: timedelta
    say: Callable[[str], None]
    say_more: Callable[[str], None]
    summary: PullSummary = field(default_factory=PullSummary)
    _day: PullSummary = field(default_factory=PullSummary)

    def run(self) -> PullSummary:
        """Pull all hours from where to begin up to the current one.

        Raises:
            UserError: the platform does not answer as it should, or another pull of the org is at work.
            OSError: a file cannot be written.

        """
        self._check_since()
        if self.files.progress() is None:
            self._begin(None)
        self.files.prepare()
        with only_run(self.files.state_folder):
            self.files.tidy()
            stored = self.files.progress()
            progress = self._begin(stored)
            hour = max(progress.since, progress.until - self.overlap)
            before = self.files.rows(hour - _HOUR)
            while True:
                answer = self._between(hour, hour + _HOUR)
                if answer.time < hour:
                    break
                before = self._keep(hour, answer.events, before)
                is_over = answer.time >= hour + _HOUR
                reached = Progress(progress.since, max(progress.until, hour + _HOUR if is_over else hour))
                if reached != stored:
                    self.files.save(reached)
                    progress = stored = reached
                if not is_over:
                    break
                hour += _HOUR
                if not hour.hour:
                    self._end_day(hour - _HOUR)
            self._end_day(hour)
        return self.summary

    def _check_since(self) -> None:
        if self.since and self.since.year < _FIRST_YEAR:
            message = f"--since {second(self.since)} is before all factories: name the first day of yours"
            raise UserError(message)
        if self.since and self.since > self.client.now():
            message = f"--since {second(self.since)} is in the future: name the first instant to pull"
            raise UserError(message)

    def _begin(self, stored: Progress | None) -> Progress:
        """Return what to go on from: what is stored, or an earlier beginning, from which all is pulled."""
        since = self.since and _hour_of(self.since)
        if stored and (since is None or since >= stored.since):
            if stored.until <= self.client.now() + _HOUR:
                return stored
            self.say(f"the last pull went to {second(stored.until)}, in the future: all is pulled again")
            return Progress(stored.since, stored.since)
        if since is None:
            message = "there is no pull of this org to go on from: give --since, such as 2026-06-01"
            raise UserError(message)
        return Progress(since, since)

    def _between(self, start: datetime, end: datetime) -> EventsAnswer:
        """Return the events from start to end, both included; a full answer is asked for in two halves."""
        answer = self.client.ask(_instant(start), _instant(end))
        if len(answer.events) < PAGE_LIMIT:
            return answer
        if end - start < _SECOND:
            message = (
                f"the platform has {PAGE_LIMIT} or more events from {_instant(start)} to {_instant(end)}: "
                "its API answers no more at once: ask its support for them"
            )
            raise UserError(message)
        seconds = (end - start) // _SECOND
        # Of a single second both edges count, so that its last instant is asked for by itself.
        middle = start + seconds // 2 * _SECOND if seconds > 1 else end - _MILLISECOND
        halves = [self._between(start, middle), self._between(middle, end)]
        return answer._replace(events=[event for half in halves for event in half.events])

    def _keep(self, hour: datetime, events: list[Event], before: Collection[str]) -> dict[str, str]:
        """Write the hour's events to its file; return the rows that it has."""
        own = [event for event in events if _belongs(event, hour, before)]
        earlier = self.files.rows(hour)
        rows = merged(earlier, own)
        of_hour = PullSummary(
            hours=1,
            events=len({event.id for event in own}),
            new=sum(earlier.get(identity) != row for identity, row in rows.items()),
            files=int(self.files.write(hour, rows)),
        )
        self._day.add(of_hour)
        self.say_more(f"{second(hour)}: {of_hour}")
        return rows

    def _end_day(self, hour: datetime) -> None:
        if self._day.hours:
            self.say(f"{hour.date()}: {self._day}")
        self.summary.add(self._day)
        self._day = PullSummary()


def _belongs(event: Event, hour: datetime, before: Collection[str]) -> bool:
    """Tell whether an event is of the hour that was asked for, not of the one after or before.

    The API includes both edges, so an event on an edge is answered twice; its own time decides. A whole
    second is taken for the edge, as the platform may compare coarser times. An event without a time, or with
    another one than the platform looks for, is of the first hour that it is answered for.
    """
    if event.time and hour <= event.time < hour + _HOUR:
        return True
    if event.time and hour + _HOUR <= event.time < hour + _HOUR + _SECOND:
        return False
    return event.id not in before


def _hour_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
