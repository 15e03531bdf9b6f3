"""Make the demo factory: 120 days of three orgs, as the two raw logs with the flaws that raw logs have.

The same seed gives the same bytes, on every platform.
"""

from __future__ import annotations

import csv
import json
import math
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from operator import itemgetter
from random import Random
from typing import TYPE_CHECKING

from factory_metrics.project import demo_as_of
from factory_metrics.shared_constants import LOG_COLUMNS, STATIONS
from factory_metrics.synthetic import stories
from factory_metrics.synthetic.stories import (
    DAY,
    HOUR,
    MINUTE,
    AgentRun,
    Character,
    Happening,
    Story,
    chance,
    skewed,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

END = demo_as_of()
DAYS = 120
SEED = 20261102
MONDAY = datetime(1970, 1, 5, tzinfo=UTC)  # where `stories.calendar_seconds` begins to count


@dataclass(frozen=True)
class Org:
    """A tenant of the demo: `issues` in 120 days, the office's `zone` (hours from UTC).

    Beside what its releases cause it has an incident every `incident_weeks` weeks, an outage as many days ago
    as each of `outages` says (lowest and highest number), and an incident that is still open.
    """

    id: str
    projects: tuple[str, ...]
    issues: int
    zone: int
    last_incident: str  # severity of the incident that is still open
    incident_weeks: int
    outages: tuple[tuple[int, int], ...]
    character: Character


ORGS = (
    Org(  # large, steady, mostly one provider
        id="acme-robotics",
        projects=("firmware", "fleet-console", "telemetry"),
        issues=72,
        zone=2,
        last_incident="minor",
        incident_weeks=5,
        outages=((2, 4), (30, 50)),
        character=Character(
            models={stories.SONNET: 55, stories.HAIKU: 20, stories.GPT: 15, stories.GEMINI: 10},
            reviewers=("maya.lind", "tomas.okafor", "ruth.berger", "jin.park"),
            escalations=(None, None, None, "", "human_review", "auto_escalate"),
            runs=(1, 2, 3),
            pace=14 * HOUR,
            review_pct=8,
            reject_pct=12,
            rework_pct=4,
            override_pct=5,
            incident_pct=5,
            parked_pct=0,
        ),
    ),
    Org(  # regulated: everything is reviewed, much goes back, little breaks
        id="northwind-health",
        projects=("patient-portal", "claims-api"),
        issues=54,
        zone=-5,
        last_incident="major",
        incident_weeks=8,
        outages=((30, 50),),
        character=Character(
            models={stories.GPT: 55, stories.SONNET: 30, stories.GPT_MINI: 15},
            reviewers=("dr.alvarez", "s.whitfield", "compliance.duty"),
            escalations=("human_review", "human_review", "human_review", "compliance_board", None),
            runs=(1, 2, 3),
            pace=22 * HOUR,
            review_pct=35,
            reject_pct=9,
            rework_pct=3,
            override_pct=4,
            incident_pct=4,
            parked_pct=0,
        ),
    ),
    Org(  # a young company: fast, cheap models, things break
        id="pixel-harbor",
        projects=("storefront", "ad-engine"),
        issues=54,
        zone=9,
        last_incident="critical",
        incident_weeks=3,
        outages=((2, 4), (30, 50)),
        character=Character(
            models={stories.GEMINI: 40, stories.GPT_MINI: 30, stories.SONNET: 20, stories.MISTRAL: 10},
            reviewers=("kenji", "lola"),
            escalations=(None, "auto_escalate", "auto_escalate", "pause_and_notify"),
            runs=(1, 2),
            pace=6 * HOUR,
            review_pct=4,
            reject_pct=20,
            rework_pct=6,
            override_pct=12,
            incident_pct=18,
            parked_pct=1,
        ),
    ),
)


@dataclass(frozen=True)
class LogRow:
    """A row on its way into a log.

    `columns` has the text of every column but the two clocks; `broken` overrules any column at the end.
    """

    columns: dict[str, str]
    happened: datetime
    ingested: datetime
    happened_form: int
    ingested_form: int
    broken: dict[str, str] = field(default_factory=dict)


def write_demo(folder: Path, seed: int = SEED) -> tuple[int, int]:
    """Write factory_events.csv and factory_metrics.csv into `folder`; return their numbers of rows."""
    rng = Random(seed)  # noqa: S311 - repeatable, not secret
    events: list[LogRow] = []
    runs: list[LogRow] = []
    for org in ORGS:
        factory = _Factory(org, Random(f"{seed} {org.id}"))  # noqa: S311
        factory.live()
        events += factory.events
        runs += factory.runs
    events = _deliver(rng, events) + _unusable(rng, events, BROKEN_EVENTS)
    runs = _deliver(rng, runs) + _unusable(rng, runs, BROKEN_RUNS)
    folder.mkdir(parents=True, exist_ok=True)
    for log, happened, rows in (
        ("factory_events", "occurred_at", events),
        ("factory_metrics", "recorded_at", runs),
    ):
        _write_csv(folder / f"{log}.csv", [*LOG_COLUMNS[log]], happened, _file_order(rng, rows))
    return len(events), len(runs)


class _Factory:
    """Lives the 120 days of one org and logs them."""

    def __init__(self, org: Org, rng: Random) -> None:
        self.org = org
        self.rng = rng
        self.events: list[LogRow] = []
        self.runs: list[LogRow] = []
        self.begin = (END - timedelta(days=DAYS - 1)).replace(hour=0)

    def live(self) -> None:
        number = 100
        begin, end = (stories.working_seconds(_seconds(instant)) for instant in (self.begin, END))
        for issue in range(self.org.issues):
            number += 1
            # busier by the day
            share = (math.sqrt(1 + 8 * (issue + self.rng.random()) / self.org.issues) - 1) / 2
            self._place(
                stories.tell(self.rng, self.org.character), begin + int(share * (end - begin)), number
            )
        for station in STATIONS:  # work in progress everywhere
            number += 1
            story = self._until(station)
            begun = (
                end - max(happening.at for happening in story.happenings) - skewed(self.rng, HOUR, 3 * DAY)
            )
            self._place(story, begun, number)
        self._incidents()
        self._overrides()
        self._running_pipelines()
        self._number_versions()

    def _until(self, station: str) -> Story:
        """Tell a story up to the issue's arrival at the station."""
        while True:
            story = stories.tell(self.rng, self.org.character)
            arrivals = [
                happening.at
                for happening in story.happenings
                if station in (happening.payload.get("stage"), happening.payload.get("toStage"))
                and happening.event_type in {"work-item.started", "work-item.handoff"}
            ]
            if arrivals and not any(
                happening.event_type == "work-item.completed" and happening.at <= arrivals[0]
                for happening in story.happenings
            ):
                return Story(
                    [happening for happening in story.happenings if happening.at <= arrivals[0]],
                    [run for run in story.runs if run.at <= arrivals[0]],
                )

    def _place(self, story: Story, begin: int, number: int) -> None:
        """Give a story a place, ids and dates: `begin` is working time."""
        rng = self.rng
        project = "" if chance(rng, 1) else rng.choice(self.org.projects)
        issue = f"ISS-{number}"
        key = f"{number * 2654435761 % 2**28:07x}"  # of the number alone: orgs share ids, as the logs allow
        for happening in story.happenings:
            payload = {
                name: value.replace("#", key) if isinstance(value, str) else value
                for name, value in happening.payload.items()
            }
            if happening.committed_at is not None:
                committed = _instant(begin + happening.committed_at)
                payload["committedAt"] = _text(committed, rng.randrange(4), self.org.zone)
            session = "" if happening.session is None else f"ses_{key}-{happening.session}"
            self._log(
                _instant(begin + happening.at) + timedelta(seconds=happening.later),
                replace(happening, payload=payload),
                project=project,
                issue="" if happening.event_type.startswith("incident.") else issue,
                session=session,
            )
        for run in story.runs:
            self._log_run(_instant(begin + run.at), run, project, issue, f"ses_{key}-{run.session}")

    def _log(
        self, at: datetime, happening: Happening, *, project: str, issue: str = "", session: str = ""
    ) -> None:
        columns = {
            "id": f"evt_{self.rng.getrandbits(40):010x}",
            "org_id": self.org.id,
            "project_id": project,
            "event_type": happening.event_type,
            "issue_id": issue,
            "session_id": session,
            "actor_type": happening.actor_type,
            "actor_id": happening.actor_id,
            "payload": json.dumps(happening.payload, separators=(",", ":")),
        }
        self._append(self.events, at, columns)

    def _log_run(self, at: datetime, run: AgentRun, project: str, issue: str, session: str) -> None:
        metadata = {
            "provider": run.provider,
            "model": run.model,
            "inputTokens": run.input_tokens,
            "outputTokens": run.output_tokens,
        }
        dollars, billionths = divmod(run.cost_nano_usd, 10**9)
        columns = {
            "id": f"run_{self.rng.getrandbits(40):010x}",
            "org_id": self.org.id,
            "project_id": project,
            "issue_id": issue,
            "session_id": session,
            "station": run.station,
            "cost_usd": f"{dollars}.{billionths:09d}",
            "duration_ms": str(run.duration_ms),
            "metadata": json.dumps(metadata, separators=(",", ":")),
        }
        self._append(self.runs, at, columns)

    def _append(self, log: list[LogRow], at: datetime, columns: dict[str, str]) -> None:
        """Log a row unless it lies after the end of the demo."""
        rng = self.rng
        happened_form, ingested_form = rng.choices(range(4), (55, 15, 15, 15), k=2)
        if happened_form == _MILLISECONDS:
            at += timedelta(milliseconds=rng.randrange(1000))
        if at > END:
            return
        (delay,) = rng.choices(
            (skewed(rng, 2, 90), rng.randrange(HOUR, 9 * HOUR), rng.randrange(DAY, 4 * DAY)), (93, 5, 2)
        )
        ingested = min(at + timedelta(seconds=delay), END)
        log.append(LogRow(columns, at, ingested, happened_form, ingested_form))

    def _system(self, at: datetime, event_type: str, payload: dict[str, str | int | bool | None]) -> None:
        happening = Happening(0, event_type, "system", event_type.partition(".")[0] + "-bot", None, payload)
        self._log(at, happening, project=self.org.projects[0])

    def _incident(self, number: int, begin: datetime, severity: str, title: str, minutes: int | None) -> None:
        """Log an incident of the first project that may name its latest change; None minutes: open."""
        changes = [
            row
            for row in self.events
            if row.columns["event_type"] == "deployment.finished"
            and row.happened < begin
            and row.columns["project_id"] == self.org.projects[0]
            and '"environment":"production","status":"success"' in row.columns["payload"]
            and '"isRollback":false' in row.columns["payload"]
        ]
        incident = f"INC-{number}"
        payload: dict[str, str | int | bool | None] = {
            "incidentId": incident,
            "title": title,
            "severity": severity,
        }
        if changes and chance(self.rng, 60):
            latest = max(changes, key=lambda row: row.happened)
            payload["deploymentId"] = json.loads(latest.columns["payload"])["deploymentId"]
        self._system(begin, "incident.opened", payload)
        if minutes is not None:
            self._system(begin + timedelta(minutes=minutes), "incident.resolved", {"incidentId": incident})

    def _incidents(self) -> None:
        """Log an incident now and then, outages (two overlapping ones each), and one that is open."""
        rng = self.rng
        open_since = END - timedelta(minutes=rng.randrange(60, 300))
        incidents: list[tuple[datetime, str, int | None]] = [(open_since, self.org.last_incident, None)]
        for week in range(1, DAYS // 7, self.org.incident_weeks):
            begin = END - timedelta(days=7 * week, minutes=rng.randrange(18 * 60, 4 * 24 * 60))
            incidents.append((begin, rng.choice(("major", "minor", "minor")), skewed(rng, 10, 9 * 60)))
        for earliest, latest in self.org.outages:
            begin = END - timedelta(days=rng.randint(earliest, latest), minutes=rng.randrange(600))
            minutes = rng.randint(40, 90)
            overlapping = begin + timedelta(minutes=minutes // 2)
            incidents.append((begin, "critical", minutes))
            incidents.append((overlapping, "critical", minutes // 2 + rng.randint(5, 60)))
        titles = rng.sample(stories.TITLES, len(stories.TITLES))
        for number, (begin, severity, length) in enumerate(sorted(incidents, key=itemgetter(0)), start=1):
            self._incident(number, begin, severity, titles[number % len(titles)], length)

    def _overrides(self) -> None:
        """Log an override a week, of a session that ran shortly before."""
        rng = self.rng
        for week in range(DAYS // 7):
            at = END - timedelta(days=7 * week, minutes=rng.randrange(10, 5 * 24 * 60))
            latest = max(
                (row for row in self.runs if row.happened < at), key=lambda row: row.happened, default=None
            )
            if latest is None:
                continue
            session = latest.columns["session_id"]
            payload: dict[str, str | int | bool | None] = {
                "overriddenSessionId": session,
                "reason": rng.choice(stories.OVERRIDES),
                "newOutcome": rng.choice(("approved", "rejected")),
            }
            human = rng.choice(self.org.character.reviewers)
            self._log(
                at,
                Happening(0, "human.override", "human", human, None, payload),
                project=latest.columns["project_id"],
                issue=latest.columns["issue_id"],
                session=session,
            )

    def _running_pipelines(self) -> None:
        for name, minutes in (("e2e", 4), ("dependency-scan", 19)):
            payload: dict[str, str | int | bool | None] = {
                "pipelineId": f"pipe_{name}-1",
                "name": name,
                "trigger": "schedule",
                "branch": "main",
                "commit": f"{self.rng.getrandbits(32):08x}",
            }
            self._system(END - timedelta(minutes=minutes), "pipeline.started", payload)

    def _number_versions(self) -> None:
        """Count each project's versions in the order of deployment; a rollback has the one before.

        That is the one before the deployment that it names, else before the latest.
        """
        versions: dict[tuple[str, str], str] = {}  # by project and commit
        released: dict[str, list[str]] = {}
        of_deployment: dict[str, str] = {}
        for row in sorted(self.events, key=lambda row: (row.happened, row.columns["id"])):
            if row.columns["event_type"] != "deployment.finished":
                continue
            project = row.columns["project_id"]
            payload = json.loads(row.columns["payload"])
            history = released.setdefault(project, ["v2.0.0"])
            if payload["isRollback"]:
                bad = of_deployment.get(payload.get("rollbackOf", ""), history[-1])
                version = history[max(history.index(bad) - 1, 0)]
            else:
                following = f"v2.{sum(1 for known, _ in versions if known == project) + 1}.0"
                version = versions.setdefault((project, payload["commit"]), following)
                if payload["environment"] == "production" and version not in history:
                    history.append(version)
                of_deployment[payload["deploymentId"]] = version
            payload["version"] = version
            row.columns["payload"] = json.dumps(payload, separators=(",", ":"))


# What makes a row unusable: the columns that overrule a good row's, in the order of the rules they break.
# The empty ones are rows from the future: ingested three days before they happened.
BROKEN_EVENTS: tuple[dict[str, str], ...] = (
    {"id": ""},
    {"id": "   "},
    {"org_id": ""},
    {"event_type": "work-item.paused"},
    {"event_type": "deployment.started"},
    {"occurred_at": "2026-02-30T09:15:00Z"},
    {"occurred_at": "yesterday"},
    {"ingested_at": ""},
    {},
    {"payload": '{"stage":"qa"'},
    {"payload": "[]"},
    {"event_type": "work-item.started", "issue_id": "", "payload": '{"stage":"qa"}'},
    {"event_type": "incident.opened", "payload": '{"title":"Alert without a number"}'},
    {"event_type": "work-item.started", "issue_id": "ISS-101", "payload": '{"stage":"staging"}'},
)
BROKEN_RUNS: tuple[dict[str, str], ...] = (
    {"id": ""},
    {"org_id": "  "},
    {"recorded_at": "30.06.2026"},
    {},
    {"metadata": "claude-sonnet-4-5"},
    {"session_id": ""},
    {"station": "testing"},
    {"cost_usd": "-0.25"},
    {"duration_ms": "NaN"},
)


def _unusable(rng: Random, rows: Sequence[LogRow], breakages: Iterable[dict[str, str]]) -> list[LogRow]:
    """Copy a good row for each breakage and break the copy.

    A copy keeps its id: a rejected delivery must not hide the good one.
    """
    broken = []
    for breakage in breakages:
        row = rng.choice(rows)
        if not breakage:
            row = replace(row, ingested=row.happened - timedelta(days=3))
        broken.append(replace(row, broken=breakage))
    return broken


def _deliver(rng: Random, rows: Sequence[LogRow]) -> list[LogRow]:
    """Deliver every row, and some of them again."""
    again = [
        replace(row, ingested=min(row.ingested + timedelta(seconds=skewed(rng, MINUTE, 3 * DAY)), END))
        for row in rows
        if chance(rng, 2)
    ]
    return [*rows, *again]


def _file_order(rng: Random, rows: Iterable[LogRow]) -> list[LogRow]:
    """Sort by arrival, but for a few rows that another writer appended hours away from their place."""
    keyed = [
        (row.ingested + timedelta(minutes=rng.randint(-600, 600) if chance(rng, 3) else 0), place, row)
        for place, row in enumerate(rows)
    ]
    return [row for _, _, row in sorted(keyed, key=lambda item: item[:2])]


_MILLISECONDS = 1


def _text(instant: datetime, form: int, zone: int) -> str:
    """Write an instant in one of four forms: Z, Z with milliseconds, no offset (UTC), the office's offset."""
    if form == _MILLISECONDS:
        return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    whole = instant.replace(microsecond=0)
    local = whole.astimezone(timezone(timedelta(hours=zone)))
    return (
        whole.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "",
        whole.strftime("%Y-%m-%d %H:%M:%S"),
        local.isoformat(timespec="seconds"),
    )[form]


def _seconds(instant: datetime) -> int:
    return int((instant - MONDAY).total_seconds())


def _instant(working: int) -> datetime:
    return MONDAY + timedelta(seconds=stories.calendar_seconds(working))


def _write_csv(path: Path, columns: Sequence[str], clock: str, rows: Iterable[LogRow]) -> None:
    zones = {org.id: org.zone for org in ORGS}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            zone = zones[row.columns["org_id"]]
            clocks = {
                clock: _text(row.happened, row.happened_form, zone),
                "ingested_at": _text(row.ingested, row.ingested_form, zone),
            }
            writer.writerow(row.columns | clocks | row.broken)
