"""The devops document of the reference: DORA figures, pipelines, deployments, incidents.

See reference.py.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from reference_factory import (
    LIST_LIMIT,
    Document,
    Factory,
    length_text,
    mean,
    median,
    percent,
    ratio,
    short,
    timestamp_text,
)
from reference_rows import (
    Event,
    as_instant,
    as_text,
    not_blank,
)


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
