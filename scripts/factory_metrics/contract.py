"""The seven metric documents: the one contract that marts, files, server and API description share.

A document is ``{"metrics": ...}``, one of `METRIC_TYPES`. Fields are in the order of the JSON, which has
their names in camelCase; a mart's columns have them in snake_case.
Money is USD. Durations that are numbers are milliseconds. A field is null only where it says so.
"""

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

Station = Literal["research", "development", "security", "qa", "acceptance", "deploy"]
Percent = Annotated[float, Meta(ge=0, le=100, description="0 to 100")]
Rate = Annotated[float, Meta(ge=0, le=1, description="0 to 1")]
Instant = Annotated[str, Meta(description="UTC, whole seconds", examples=["2026-06-02T14:00:00Z"])]

_ALL_STATIONS = Meta(min_length=6, max_length=6)


class _Shape(Struct, frozen=True, rename="camel"):
    """What all shapes have in common: immutable, camelCase in the JSON."""


class AggregateMetrics(_Shape, frozen=True):
    """The executive summary of an org.

    `avg_cycle_time_ms` is a median. `cost_trend` has one sum per day of the window, oldest first.
    """

    total_issues: int
    total_cost: float
    avg_cycle_time_ms: int
    avg_yield: Percent
    throughput_per_day: float
    cost_trend: list[float]


class StationMetrics(_Shape, frozen=True):
    """One station. `cycle_time_ms` is a median."""

    station: Station
    wip_count: int
    throughput: int
    cycle_time_ms: int
    yield_: Percent = field(name="yield")


class StationCost(_Shape, frozen=True):
    """A station's share of the average cost per issue, USD."""

    station: Station
    cost: float


class DayCost(_Shape, frozen=True):
    """The cost of a day, USD."""

    date: dt.date
    cost: float


class CostMetrics(_Shape, frozen=True):
    """What the work cost: per issue, per station (highest first), per day (oldest first), and by whom."""

    avg_cost_per_issue: float
    cost_per_station: Annotated[list[StationCost], _ALL_STATIONS]
    cost_trend: list[DayCost]
    human_time_pct: Percent
    agent_time_pct: Percent


class ProviderMetrics(_Shape, frozen=True):
    """One provider with runs in the window.

    `avg_cost` is USD per run; `cost_efficiency` is `success_rate` / `avg_cost`.
    """

    provider: str
    success_rate: Percent
    avg_cost: float
    avg_duration_ms: int
    total_runs: int
    cost_efficiency: float


class DayCount(_Shape, frozen=True):
    """How often something happened on a day."""

    date: dt.date
    count: int


class HandoffMetrics(_Shape, frozen=True):
    """How smoothly work passes between agents and humans; the timeline has days with overrides only."""

    avg_review_latency_ms: int
    acceptance_rate: Rate
    override_frequency: Rate
    handoff_friction_score: Rate
    override_timeline: list[DayCount]


class PhaseStep(_Shape, frozen=True):
    """One phase: mean time (ms) and mean cost (USD) of the issues that it passed on, and their count."""

    phase: Station
    avg_cycle_time_ms: int
    avg_cost_usd: float
    throughput: int


class ReworkLoops(_Shape, frozen=True):
    """How often work went back."""

    avg_cycles_per_issue: float
    total_reworks: int
    total_completed: int


class EscalationShare(_Shape, frozen=True):
    """How many of the completed issues ended with an escalation strategy."""

    strategy: str
    count: int
    percentage: Percent


class PhaseMetrics(_Shape, frozen=True):
    """All six phases in pipeline order, rework, and escalation strategies by name."""

    phases: Annotated[list[PhaseStep], _ALL_STATIONS]
    rework_loops: ReworkLoops
    escalation_distribution: list[EscalationShare]


class Infra(_Shape, frozen=True):
    """The DORA figures, ready to show: `2.5/day`, `5.2%`, `4.5h`, `15m`, or `n/a`."""

    uptime_pct: Percent
    active_deployments: int
    open_incidents: int
    deployment_frequency: str
    change_failure_rate: str
    lead_time_for_changes: str
    mean_time_to_recovery: str


class Pipeline(_Shape, frozen=True):
    """A pipeline run; `duration` is text such as `12m`, or `n/a` while it runs."""

    name: str | None
    status: str | None
    duration: str
    trigger: str | None
    branch: str | None
    commit: str | None
    started_at: Instant


class Deployment(_Shape, frozen=True):
    """A finished deployment or rollback."""

    id: str
    version: str | None
    environment: str | None
    status: str | None
    deployed_at: Instant
    deployed_by: str | None
    is_rollback: bool


class Incident(_Shape, frozen=True):
    """An incident; `opened_at` is null when the log has only its resolution."""

    id: str
    title: str | None
    severity: str | None
    status: Literal["open", "resolved"]
    opened_at: Instant | None
    resolved_at: Instant | None
    deployment_id: str | None


class DevopsMetrics(_Shape, frozen=True):
    """The DORA figures and the newest pipeline runs, deployments and incidents, newest first."""

    infra: Infra
    pipelines: list[Pipeline]
    deployments: list[Deployment]
    incidents: list[Incident]


class AggregateDocument(_Shape, frozen=True):
    """The body of `aggregate`."""

    metrics: AggregateMetrics


class StationDocument(_Shape, frozen=True):
    """The body of `station`: all six stations, in pipeline order."""

    metrics: Annotated[list[StationMetrics], _ALL_STATIONS]


class CostDocument(_Shape, frozen=True):
    """The body of `cost`."""

    metrics: CostMetrics


class ProviderDocument(_Shape, frozen=True):
    """The body of `provider`: those with runs in the window, most runs first; empty without runs."""

    metrics: list[ProviderMetrics]


class HandoffDocument(_Shape, frozen=True):
    """The body of `handoff`."""

    metrics: HandoffMetrics


class PhaseDocument(_Shape, frozen=True):
    """The body of `phase`."""

    metrics: PhaseMetrics


class DevopsDocument(_Shape, frozen=True):
    """The body of `devops`."""

    metrics: DevopsMetrics


# The documents by metric type, as URLs, marts and folders name it.
METRIC_TYPES: dict[str, type[Struct]] = {
    "aggregate": AggregateDocument,
    "station": StationDocument,
    "cost": CostDocument,
    "provider": ProviderDocument,
    "handoff": HandoffDocument,
    "phase": PhaseDocument,
    "devops": DevopsDocument,
}
