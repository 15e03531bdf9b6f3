"""Make the demo factory: 120 days of three orgs, as the two raw logs with the flaws that raw logs have.

The same seed gives the same bytes, on every platform.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import datetime, timedelta
from operator import itemgetter
from random import Random
from typing import TYPE_CHECKING

from factory_metrics.shared_constants import LOG_COLUMNS, STATIONS
from factory_metrics.synthetic import phrases, stories, working_time
from factory_metrics.synthetic.demo_logs import (
    BROKEN_EVENTS,
    BROKEN_RUNS,
    MILLISECONDS,
    LogRow,
    clock_text,
    deliver,
    file_order,
    unusable,
    write_csv,
)
from factory_metrics.synthetic.demo_orgs import DAYS, END, ORGS, Org
from factory_metrics.synthetic.stories import (
    AgentRun,
    Happening,
    Story,
    chance,
    skewed,
)
from factory_metrics.synthetic.working_time import DAY, HOUR, MONDAY

if TYPE_CHECKING:
    from pathlib import Path


SEED = 20261102


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
    events = deliver(rng, events) + unusable(rng, events, BROKEN_EVENTS)
    runs = deliver(rng, runs) + unusable(rng, runs, BROKEN_RUNS)
    folder.mkdir(parents=True, exist_ok=True)
    for log, happened, rows in (
        ("factory_events", "occurred_at", events),
        ("factory_metrics", "recorded_at", runs),
    ):
        write_csv(folder / f"{log}.csv", [*LOG_COLUMNS[log]], happened, file_order(rng, rows))
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
        begin, end = (working_time.working_seconds(_seconds(instant)) for instant in (self.begin, END))
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
                payload["committedAt"] = clock_text(committed, rng.randrange(4), self.org.zone)
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
        if happened_form == MILLISECONDS:
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
        titles = rng.sample(phrases.TITLES, len(phrases.TITLES))
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
                "reason": rng.choice(phrases.OVERRIDES),
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


def _seconds(instant: datetime) -> int:
    return int((instant - MONDAY).total_seconds())


def _instant(working: int) -> datetime:
    return MONDAY + timedelta(seconds=working_time.calendar_seconds(working))
