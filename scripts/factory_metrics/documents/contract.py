"""The seven metric documents: the one contract that marts, files, server and API description share.

A document is ``{"metrics": ...}``, one of `METRIC_TYPES`. Fields are in the order of the JSON, which has
their names in camelCase; a mart's columns have them in snake_case.
A field is null only where it says so. What fields mean and their units are in openapi.json, too. Those that
are columns of a mart mean what is said there.
"""

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct, field

from factory_metrics.documents.meanings import meaning
from factory_metrics.shared_constants import STATIONS

# Units.
USD, MS, PERCENT, RATE, PER_DAY, ITEMS = "USD", "ms", "%", "1", "1/day", "count"


def _about(meaning: str, example: object = None, unit: str | None = None) -> Meta:
    """Say what a field means, with a value that it may have, and its unit."""
    return Meta(
        description=meaning,
        examples=None if example is None else [example],
        extra_json_schema=None if unit is None else {"x-unit": unit},
    )


def _of_column(name: str, example: object, unit: str | None = None) -> Meta:
    """Say what a field means that has a column of its own in a mart: what the column's doc block says."""
    return _about(meaning(name), example, unit)


if TYPE_CHECKING:
    Station = str
else:
    Station = Literal[STATIONS]
Percent = Annotated[float, Meta(ge=0, le=100)]
Rate = Annotated[float, Meta(ge=0, le=1)]
Instant = Annotated[str, Meta(examples=["2026-06-02T14:00:00Z"])]

_ALL_STATIONS = Meta(min_length=len(STATIONS), max_length=len(STATIONS))


class _Shape(Struct, frozen=True, rename="camel"):
    """What all shapes have in common: immutable, camelCase in the JSON."""


class AggregateMetrics(_Shape, frozen=True):
    """The executive summary of an org."""

    total_issues: Annotated[int, _of_column("total_issues", 47, ITEMS)]
    total_cost: Annotated[float, _of_column("aggregate_total_cost", 256.82, USD)]
    avg_cycle_time_ms: Annotated[int, _of_column("avg_cycle_time_ms", 50_400_000, MS)]
    avg_yield: Annotated[Percent, _of_column("avg_yield", 92.1, PERCENT)]
    throughput_per_day: Annotated[float, _of_column("throughput_per_day", 1.57, PER_DAY)]
    cost_trend: Annotated[
        list[float],
        _about("Cost of each day of the window, USD, oldest first.", [12.5, 13.2, 11.8, 14.1], USD),
    ]


class StationMetrics(_Shape, frozen=True):
    """One station of the pipeline."""

    station: Annotated[Station, _about("Name of the station.", "development")]
    wip_count: Annotated[int, _of_column("wip_count", 3, ITEMS)]
    throughput: Annotated[int, _of_column("throughput", 3, ITEMS)]
    cycle_time_ms: Annotated[int, _of_column("cycle_time_ms", 18_000_000, MS)]
    yield_: Annotated[Percent, _of_column("yield", 92.0, PERCENT)] = field(name="yield")


class StationCost(_Shape, frozen=True):
    """A station's share of the average cost per issue."""

    station: Annotated[Station, _about("Name of the station.", "development")]
    cost: Annotated[float, _about("Cost of its runs per completed issue, USD.", 0.62, USD)]


class DayCost(_Shape, frozen=True):
    """The cost of a day."""

    date: Annotated[dt.date, _about("Day, in UTC.", "2026-05-03")]
    cost: Annotated[float, _about("Cost of the runs of the day, USD.", 1.18, USD)]


class CostMetrics(_Shape, frozen=True):
    """What the work cost, and by whom it was done."""

    avg_cost_per_issue: Annotated[float, _of_column("avg_cost_per_issue", 1.23, USD)]
    cost_per_station: Annotated[
        list[StationCost], _ALL_STATIONS, _about("Cost per completed issue of each station, highest first.")
    ]
    cost_trend: Annotated[list[DayCost], _about("Cost of each day of the window, oldest first.")]
    human_time_pct: Annotated[Percent, _of_column("human_time_pct", 25.0, PERCENT)]
    agent_time_pct: Annotated[Percent, _of_column("agent_time_pct", 75.0, PERCENT)]


class ProviderMetrics(_Shape, frozen=True):
    """One provider with runs in the window."""

    provider: Annotated[str, _about("Name of the provider.", "anthropic")]
    success_rate: Annotated[Percent, _of_column("success_rate", 89.0, PERCENT)]
    avg_cost: Annotated[float, _of_column("avg_cost", 1.45, USD)]
    avg_duration_ms: Annotated[int, _of_column("avg_duration_ms", 1_800_000, MS)]
    total_runs: Annotated[int, _of_column("total_runs", 23, ITEMS)]
    cost_efficiency: Annotated[float, _of_column("cost_efficiency", 61.4, "%/USD")]


class DayCount(_Shape, frozen=True):
    """How often something happened on a day."""

    date: Annotated[dt.date, _about("Day, in UTC.", "2026-05-10")]
    count: Annotated[int, _about("Overrides on the day.", 1, ITEMS)]


class HandoffMetrics(_Shape, frozen=True):
    """How smoothly work passes between agents and humans."""

    avg_review_latency_ms: Annotated[int, _of_column("avg_review_latency_ms", 3_600_000, MS)]
    acceptance_rate: Annotated[Rate, _of_column("acceptance_rate", 0.92, RATE)]
    override_frequency: Annotated[Rate, _of_column("override_frequency", 0.08, RATE)]
    handoff_friction_score: Annotated[Rate, _of_column("handoff_friction_score", 0.0736, RATE)]
    override_timeline: Annotated[list[DayCount], _about("Days with overrides, oldest first.")]


class PhaseStep(_Shape, frozen=True):
    """One phase of the pipeline."""

    phase: Annotated[Station, _about("Name of the phase: a station.", "development")]
    avg_cycle_time_ms: Annotated[
        int, _about("Mean time that the issues of `throughput` spent here, milliseconds.", 57_600_000, MS)
    ]
    avg_cost_usd: Annotated[
        float, _about("Cost of the runs of the phase per issue of `throughput`, USD.", 0.62, USD)
    ]
    throughput: Annotated[int, _of_column("throughput", 47, ITEMS)]


class ReworkLoops(_Shape, frozen=True):
    """How often work went back."""

    avg_cycles_per_issue: Annotated[float, _of_column("avg_cycles_per_issue", 1.08, ITEMS)]
    total_reworks: Annotated[int, _of_column("total_reworks", 4, ITEMS)]
    total_completed: Annotated[int, _of_column("total_completed", 47, ITEMS)]


class EscalationShare(_Shape, frozen=True):
    """How many of the completed issues ended with an escalation strategy."""

    strategy: Annotated[str, _about("Name of the strategy.", "human_review")]
    count: Annotated[int, _about("Completed issues with it.", 44, ITEMS)]
    percentage: Annotated[Percent, _about("Share of the completed issues, 0 to 100 percent.", 93.6, PERCENT)]


class PhaseMetrics(_Shape, frozen=True):
    """The six phases, rework and escalations."""

    phases: Annotated[list[PhaseStep], _ALL_STATIONS, _about("All six phases, in pipeline order.")]
    rework_loops: Annotated[ReworkLoops, _about("How often work went back.")]
    escalation_distribution: Annotated[
        list[EscalationShare], _about("Completed issues by escalation strategy, by name.")
    ]


class Infra(_Shape, frozen=True):
    """The DORA figures, as texts that are ready to show."""

    uptime_pct: Annotated[Percent, _of_column("uptime_pct", 99.5, PERCENT)]
    active_deployments: Annotated[int, _of_column("active_deployments", 12, ITEMS)]
    open_incidents: Annotated[int, _of_column("open_incidents", 0, ITEMS)]
    deployment_frequency: Annotated[str, _of_column("deployment_frequency", "2.5/day")]
    change_failure_rate: Annotated[str, _of_column("change_failure_rate", "5.2%")]
    lead_time_for_changes: Annotated[str, _of_column("lead_time_for_changes", "4.5h")]
    mean_time_to_recovery: Annotated[str, _of_column("mean_time_to_recovery", "15m")]


class Pipeline(_Shape, frozen=True):
    """A run of a pipeline."""

    name: Annotated[str | None, _about("Name of the pipeline.", "main")]
    status: Annotated[str | None, _about("How it stands, as the log has it.", "success")]
    duration: Annotated[str, _about("How long it took, with its unit, or `n/a` while it runs.", "12m")]
    trigger: Annotated[str | None, _about("What started it.", "push")]
    branch: Annotated[str | None, _about("Branch that it ran on.", "main")]
    commit: Annotated[str | None, _about("Commit that it ran on.", "abc123")]
    started_at: Annotated[Instant, _about("When it started, UTC, whole seconds.")]


class Deployment(_Shape, frozen=True):
    """A finished deployment or rollback."""

    id: Annotated[str, _about("Id of the deployment.", "dep_xyz")]
    version: Annotated[str | None, _about("Version that was deployed.", "v1.2.3")]
    environment: Annotated[str | None, _about("Where it was deployed to.", "production")]
    status: Annotated[str | None, _about("How it ended, as the log has it.", "success")]
    deployed_at: Annotated[Instant, _about("When it ended, UTC, whole seconds.")]
    deployed_by: Annotated[str | None, _about("Who deployed it.", "agent-claude-sonnet")]
    is_rollback: Annotated[bool, _about("Whether it brings an older version back.", example=False)]


class Incident(_Shape, frozen=True):
    """An incident."""

    id: Annotated[str, _about("Id of the incident.", "inc_xyz")]
    title: Annotated[str | None, _about("What it is about.", "Checkout is slow")]
    severity: Annotated[str | None, _about("How bad it is, as the log has it.", "critical")]
    status: Annotated[Literal["open", "resolved"], _about("Whether it is resolved.", "resolved")]
    opened_at: Annotated[
        Instant | None,
        _about("When it began, UTC, whole seconds; null when the log has only its resolution."),
    ]
    resolved_at: Annotated[
        Instant | None, _about("When it was resolved, UTC, whole seconds; null while it is open.")
    ]
    deployment_id: Annotated[str | None, _about("Deployment that it is linked to.", "dep_xyz")]


class DevopsMetrics(_Shape, frozen=True):
    """The DORA figures, and what was delivered."""

    infra: Annotated[Infra, _about("The DORA figures.")]
    pipelines: Annotated[
        list[Pipeline], _about("Runs of pipelines that started in the window, newest first, at most 50.")
    ]
    deployments: Annotated[list[Deployment], _about("Deployments of the window, newest first, at most 50.")]
    incidents: Annotated[list[Incident], _about("Incidents of the window, newest first, at most 50.")]


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
