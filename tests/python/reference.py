"""The documents, computed in plain Python straight from the definitions of the metrics.

The tests compare the pipeline with it. It is written to be read beside the definitions: exact arithmetic
throughout (floats appear only when a finished number is written), one function per document, no optimisation.
Instants are whole microseconds since 1970-01-01 UTC.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import cast

from reference_rows import (
    DAY,
    SECOND,
    STATIONS,
    WORK_ITEM_TYPES,
    Event,
    Row,
    Run,
    as_event,
    as_instant,
    as_measure,
    as_run,
    as_text,
    broken_event_rule,
    broken_run_rule,
    clean,
    not_blank,
)

TIME_RANGES = (7, 30, 90)
LIST_LIMIT = 50

Document = dict[str, object]
OrgDocuments = dict[tuple[str, int], Document]


@dataclass(frozen=True)
class Expected:
    """What a run over both logs gives.

    `documents` by org, then by metric type and days; `rejected` by log, each with its rule;
    `counts` by log, outcome ('accepted', 'duplicate', 'rejected') and rule (None unless rejected);
    `cost_sources` by org and days, then by provider and where the cost is from, how many runs.
    """

    documents: dict[str, OrgDocuments]
    rejected: dict[str, list[tuple[str, Row]]]
    counts: Counter[tuple[str, str, str | None]]
    cost_sources: dict[tuple[str, int], Counter[tuple[str, str]]]


def compute(event_rows: Iterable[Row], run_rows: Iterable[Row], as_of: int) -> Expected:
    """Compute everything from the delivered rows of both logs."""
    events = clean(event_rows, broken_event_rule, as_event)
    runs = clean(run_rows, broken_run_rule, as_run)
    counts: Counter[tuple[str, str, str | None]] = Counter()
    for log, accepted, duplicates, rejected in (
        ("factory_events", len(events.accepted), events.duplicates, events.rejected),
        ("factory_metrics", len(runs.accepted), runs.duplicates, runs.rejected),
    ):
        counts[log, "accepted", None] += accepted
        counts[log, "duplicate", None] += duplicates
        for rule, _ in rejected:
            counts[log, "rejected", rule] += 1

    known_events = sorted((e for e in events.accepted if e.at <= as_of), key=lambda e: (e.at, e.id))
    known_runs = sorted((r for r in runs.accepted if r.at <= as_of), key=lambda r: (r.at, r.id))
    documents = {}
    cost_sources = {}
    for org in sorted({e.org for e in known_events} | {r.org for r in known_runs}):
        org_events = [e for e in known_events if e.org == org]
        org_runs = [r for r in known_runs if r.org == org]
        documents[org] = org_documents(org_events, org_runs, as_of)
        for days in TIME_RANGES:
            in_window = Factory([], org_runs, as_of, days).runs
            cost_sources[org, days] = Counter((run.provider, run.cost_source) for run in in_window)
    rejected_rows = {"factory_events": events.rejected, "factory_metrics": runs.rejected}
    return Expected(documents, rejected_rows, +counts, cost_sources)


def org_documents(events: list[Event], runs: list[Run], as_of: int) -> OrgDocuments:
    """Compute the 21 documents of one org from all that it did up to the as-of, ordered by time and id."""
    documents: OrgDocuments = {}
    for days in TIME_RANGES:
        factory = Factory(events, runs, as_of, days)
        documents["aggregate", days] = {"metrics": aggregate(factory)}
        documents["station", days] = {"metrics": station(factory)}
        documents["cost", days] = {"metrics": cost(factory)}
        documents["provider", days] = {"metrics": provider(factory)}
        documents["handoff", days] = {"metrics": handoff(factory)}
        documents["phase", days] = {"metrics": phase(factory)}
        documents["devops", days] = {"metrics": devops(factory)}
    return documents


# ---- numbers and texts


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


# ---- the window, the visits and the completions


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


# ---- the documents


def aggregate(f: Factory) -> Document:
    """Compute the executive summary."""
    total = len(f.completions)
    return {
        "totalIssues": total,
        "totalCost": usd(f.cost_of()),
        "avgCycleTimeMs": milliseconds(median(c.cycle_time for c in f.completions)),
        "avgYield": percent(ratio(100 * sum(c.first_pass for c in f.completions), total)),
        "throughputPerDay": float(rounded(Fraction(total, f.days), 2)),
        "costTrend": [usd(value) for value in f.daily_costs()],
    }


def station(f: Factory) -> list[Document]:
    """Compute the six stations."""
    rows: list[Document] = []
    for name in STATIONS:
        exits = f.exits(name)
        exited = {v.issue for v in exits}
        reworked = {v.issue for v in exits if v.ending == "rework"}
        rows.append(
            {
                "station": name,
                "wipCount": sum(v.station == name and v.end is None for v in f.visits),
                "throughput": len(f.forward_issues(name)),
                "cycleTimeMs": milliseconds(median(v.length for v in exits)),
                "yield": percent(ratio(100 * len(exited - reworked), len(exited))),
            }
        )
    return rows


def cost(f: Factory) -> Document:
    """Compute the cost breakdown."""
    total = len(f.completions)
    shares = [(name, ratio(f.cost_of(name), total)) for name in STATIONS]
    shares.sort(key=lambda share: -share[1])  # stable: equal ones stay in pipeline order
    human = sum((review_length(f, e) for e in f.in_window("human.review-completed")), Fraction(0))
    agent = sum((r.duration or Fraction(0) for r in f.runs), Fraction(0))
    human_share = rounded(ratio(100 * human, human + agent), 1)
    agent_share = 100 - human_share if human + agent else Fraction(0)
    return {
        "avgCostPerIssue": usd(ratio(f.cost_of(), total)),
        "costPerStation": [{"station": name, "cost": usd(share)} for name, share in shares],
        "costTrend": [
            {"date": day.isoformat(), "cost": usd(value)}
            for day, value in zip(f.dates(), f.daily_costs(), strict=True)
        ],
        "humanTimePct": float(human_share),
        "agentTimePct": float(agent_share),
    }


def review_length(f: Factory, review: Event) -> Fraction:
    """Return the length of a completed review in milliseconds."""
    duration = review.payload.get("duration")
    stated = None if isinstance(duration, (str, bool, list, dict)) else as_measure(duration)
    if stated is not None:
        return stated
    started = f.latest(review.issue, "human.review-started", review.at)
    return Fraction(0) if started is None else Fraction(review.at - started, 1000)


def provider(f: Factory) -> list[Document]:
    """Compute the providers with a run in the window."""
    provider_of_session = {r.session: r.provider for r in f.all_runs}  # the latest run wins
    runs_of = Counter(r.provider for r in f.runs)
    rows: list[Document] = []
    for name, count in sorted(runs_of.items(), key=lambda item: (-item[1], item[0])):
        runs = [r for r in f.runs if r.provider == name]
        outcomes = [
            e.type == "work-item.completed"
            for e in f.in_window("work-item.completed", "work-item.rework")
            if e.session is not None and provider_of_session.get(e.session) == name
        ]
        success_rate = ratio(100 * sum(outcomes), len(outcomes))
        avg_cost = mean([r.cost for r in runs if r.cost is not None])
        rows.append(
            {
                "provider": name,
                "successRate": percent(success_rate),
                "avgCost": usd(avg_cost),
                "avgDurationMs": int(rounded(mean([r.duration for r in runs if r.duration is not None]), 0)),
                "totalRuns": count,
                "costEfficiency": float(rounded(ratio(success_rate, avg_cost), 1)),
            }
        )
    return rows


def handoff(f: Factory) -> Document:
    """Compute the handoff quality."""
    decisions = f.in_window("human.review-completed")
    overrides = f.in_window("human.override")
    latencies = []
    for decision in decisions:
        since = f.latest(decision.issue, "work-item.handoff", decision.at)
        if since is None:
            since = f.latest(decision.issue, "human.review-started", decision.at)
        if since is not None:
            latencies.append(decision.at - since)
    acceptance = ratio(sum(d.payload.get("approved") is True for d in decisions), len(decisions))
    overridden = min(ratio(len(overrides), len(decisions)), Fraction(1))
    friction = (1 - acceptance) * (1 - overridden) if decisions else Fraction(0)
    per_day = Counter(day_of(e.at).isoformat() for e in overrides)
    return {
        "avgReviewLatencyMs": milliseconds(mean(latencies)),
        "acceptanceRate": rate(acceptance),
        "overrideFrequency": rate(overridden),
        "handoffFrictionScore": rate(friction),
        "overrideTimeline": [{"date": day, "count": per_day[day]} for day in sorted(per_day)],
    }


def phase(f: Factory) -> Document:
    """Compute the phases."""
    phases = []
    for name in STATIONS:
        issues = f.forward_issues(name)
        spent = [sum(v.length for v in f.exits(name) if v.issue == issue) for issue in issues]
        phases.append(
            {
                "phase": name,
                "avgCycleTimeMs": milliseconds(mean(spent)),
                "avgCostUsd": usd(ratio(f.cost_of(name), len(issues))),
                "throughput": len(issues),
            }
        )
    completed = len(f.completions)
    reworks = len(f.in_window("work-item.rework"))
    strategies = Counter(
        not_blank(c.event.payload.get("escalationStrategy")) or "none" for c in f.completions
    )
    return {
        "phases": phases,
        "reworkLoops": {
            "avgCyclesPerIssue": float(rounded(ratio(completed + reworks, completed), 2)),
            "totalReworks": reworks,
            "totalCompleted": completed,
        },
        "escalationDistribution": [
            {"strategy": name, "count": count, "percentage": percent(ratio(100 * count, completed))}
            for name, count in sorted(strategies.items())
        ],
    }


# ---- devops


@dataclass(frozen=True)
class Deployment:
    """One `deployment.finished` event."""

    event: Event
    production: bool
    success: bool
    rollback: bool
    names: str | None  # the deploymentId that a rollback names

    @property
    def change(self) -> bool:
        """Whether it is a change: to production, successful, not a rollback."""
        return self.production and self.success and not self.rollback


@dataclass(frozen=True)
class Incident:
    """One incident: its first opening and resolution, the deployment it names, else the linked change."""

    id: str
    opening: Event | None
    resolution: Event | None
    named: str | None
    linked_change: Deployment | None

    @property
    def opened_at(self) -> int | None:
        """When it was opened."""
        return self.opening.at if self.opening else None

    @property
    def resolved_at(self) -> int | None:
        """When it was resolved."""
        return self.resolution.at if self.resolution else None


def deployments_of(f: Factory) -> list[Deployment]:
    """Return all deployments up to the as-of, in order."""
    return [
        Deployment(
            event=e,
            production=e.payload.get("environment") == "production",
            success=e.payload.get("status") == "success",
            rollback=e.payload.get("isRollback") is True,
            names=not_blank(e.payload.get("rollbackOf")),
        )
        for e in f.of_type("deployment.finished")
    ]


def incidents_of(f: Factory, deployments: list[Deployment]) -> list[Incident]:
    """Return all incidents up to the as-of, linked to the deployment that they name or to a change."""
    incidents = []
    for subject in sorted({e.subject or "" for e in f.of_type("incident.opened", "incident.resolved")}):
        opening = f.first("incident.opened", subject)
        named, linked = None, None
        if opening:
            named = not_blank(opening.payload.get("deploymentId"))
            earlier = [
                d
                for d in deployments
                if d.change and d.event.project == opening.project and d.event.at < opening.at
            ]
            if named is None and earlier:
                linked = earlier[-1]
        incidents.append(Incident(subject, opening, f.first("incident.resolved", subject), named, linked))
    return incidents


def failed(change: Deployment, deployments: list[Deployment], incidents: list[Incident]) -> bool:
    """Tell whether an incident is linked to a change or it was rolled back."""
    for incident in incidents:
        if incident.named == change.event.subject or incident.linked_change == change:
            return True
    rollbacks = [d for d in deployments if d.rollback and d.success]
    if any(rollback.names == change.event.subject for rollback in rollbacks):
        return True
    later = [
        d
        for d in deployments
        if d.production
        and d.event.project == change.event.project
        and (d.event.at, d.event.id) > (change.event.at, change.event.id)
    ]
    return bool(later) and later[0] in rollbacks and later[0].names is None


def downtime(f: Factory, incidents: list[Incident]) -> int:
    """Return the microseconds of the window that at least one critical incident covers."""
    spans = []
    for incident in incidents:
        if incident.opening and incident.opening.payload.get("severity") == "critical":
            end = f.as_of if incident.resolved_at is None else incident.resolved_at
            spans.append((max(incident.opening.at, f.start), end))
    covered, until = 0, f.start
    for start, end in sorted(spans):
        covered += max(0, end - max(start, until))
        until = max(until, end)
    return covered


def devops(f: Factory) -> Document:
    """Compute the DevOps metrics and lists."""
    deployments = deployments_of(f)
    incidents = incidents_of(f, deployments)
    return {
        "infra": infra(f, deployments, incidents),
        "pipelines": pipeline_list(f),
        "deployments": deployment_list(f, deployments),
        "incidents": incident_list(f, incidents),
    }


def infra(f: Factory, deployments: list[Deployment], incidents: list[Incident]) -> Document:
    """Compute the DORA numbers."""
    latest = {(d.event.project, as_text(d.event.payload.get("environment"))): d for d in deployments}
    changes = [d for d in deployments if d.change and f.has(d.event.at)]
    failures = sum(failed(change, deployments, incidents) for change in changes)
    lead_times = [
        d.event.at - committed
        for d in changes
        if (committed := as_instant(d.event.payload.get("committedAt"))) is not None
        and committed <= d.event.at
    ]
    recoveries = [
        i.resolution.at - i.opening.at
        for i in incidents
        if i.opening and i.resolution and f.has(i.resolution.at) and i.opening.at <= i.resolution.at
    ]
    uptime = 100 * (1 - Fraction(downtime(f, incidents), f.as_of - f.start))
    return {
        "uptimePct": percent(uptime),
        "activeDeployments": sum(d.success for d in latest.values()),
        "openIncidents": sum(i.opening is not None and i.resolution is None for i in incidents),
        "deploymentFrequency": short(Fraction(len(changes), f.days), 2) + "/day",
        "changeFailureRate": f"{short(ratio(100 * failures, len(changes)), 1)}%" if changes else "n/a",
        "leadTimeForChanges": length_text(median(lead_times)) if lead_times else "n/a",
        "meanTimeToRecovery": length_text(mean(recoveries)) if recoveries else "n/a",
    }


def pipeline_list(f: Factory) -> list[Document]:
    """List the pipeline runs started in the window, newest first, then by id."""
    rows: list[tuple[int, str, Document]] = []
    for subject in {e.subject or "" for e in f.of_type("pipeline.started")}:
        started = cast("Event", f.first("pipeline.started", subject))
        finished = f.first("pipeline.finished", subject)
        if not f.has(started.at):
            continue
        document: Document = {
            "name": as_text(started.payload.get("name")),
            "status": as_text(finished.payload.get("status")) if finished else "running",
            "duration": length_text(max(0, finished.at - started.at)) if finished else "n/a",
            "trigger": as_text(started.payload.get("trigger")),
            "branch": as_text(started.payload.get("branch")),
            "commit": as_text(started.payload.get("commit")),
            "startedAt": timestamp_text(started.at),
        }
        rows.append((-started.at, subject, document))
    return [document for _, _, document in sorted(rows, key=lambda row: row[:2])][:LIST_LIMIT]


def deployment_list(f: Factory, deployments: list[Deployment]) -> list[Document]:
    """List the deployments of the window, newest first, then by id."""
    listed = [d for d in deployments if f.has(d.event.at)]
    listed.sort(key=lambda d: (-d.event.at, d.event.subject or "", d.event.id))
    return [
        {
            "id": d.event.subject,
            "version": as_text(d.event.payload.get("version")),
            "environment": as_text(d.event.payload.get("environment")),
            "status": as_text(d.event.payload.get("status")),
            "deployedAt": timestamp_text(d.event.at),
            "deployedBy": as_text(d.event.payload.get("deployedBy")),
            "isRollback": d.rollback,
        }
        for d in listed[:LIST_LIMIT]
    ]


def incident_list(f: Factory, incidents: list[Incident]) -> list[Document]:
    """List the incidents opened or resolved in the window or open at the as-of, newest first, then by id."""
    listed = [
        i
        for i in incidents
        if f.has(i.opened_at) or f.has(i.resolved_at) or (i.opening and i.resolution is None)
    ]
    # Those without an opening come last.
    listed.sort(key=lambda i: (i.opened_at is None, -(i.opened_at or 0), i.id))
    rows: list[Document] = []
    for incident in listed[:LIST_LIMIT]:
        opening = incident.opening.payload if incident.opening else {}
        linked = incident.linked_change
        rows.append(
            {
                "id": incident.id,
                "title": as_text(opening.get("title")),
                "severity": as_text(opening.get("severity")),
                "status": "resolved" if incident.resolution else "open",
                "openedAt": timestamp_text(incident.opened_at),
                "resolvedAt": timestamp_text(incident.resolved_at),
                "deploymentId": linked.event.subject if linked else incident.named,
            }
        )
    return rows
