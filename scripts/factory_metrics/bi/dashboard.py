"""What the ready-made dashboard shows.

A chart never adds up rows of different orgs or ranges: the dashboard's filters choose one org and one range,
so that each number is the document's.
"""

from __future__ import annotations

from factory_metrics.bi.dashboard_parts import (
    Bars,
    Chart,
    Dimension,
    Filter,
    GroupedTable,
    Listing,
    Measure,
    Number,
    Section,
    Shares,
    Tab,
)
from factory_metrics.project import FIRST_RANGE

TITLE = "Factory metrics"


def _column(label: str, column: str) -> Measure:
    """Return a column of the one row that the filters leave."""
    return Measure(label, f'MAX("{column}")')


def _minutes(label: str, column: str) -> Measure:
    return Measure(label, f'MAX("{column}") / 60000.0')


def _numbers(view: str, width: int, *measures: Measure) -> tuple[Chart, ...]:
    return tuple(Number(title=measure.label, view=view, width=width, measure=measure) for measure in measures)


def _stations(column: str, position: str) -> Dimension:
    """Return stations with their place in the pipeline, in whose order charts then show them."""
    return Dimension("Station", f"""CAST("{position}" AS VARCHAR) || ' ' || "{column}\"""")


_STATION = _stations("station", "station_position")
_PHASE = _stations("phase", "phase_position")
_DAY = Dimension("Day", "date")

OVERVIEW = Tab(
    "Organisation",
    (
        Section(
            "Executive summary",
            (
                (
                    *_numbers(
                        "bi_aggregate",
                        2,
                        _column("Issues completed", "total_issues"),
                        _column("Cost, USD", "total_cost"),
                        _column("Cycle time, hours", "avg_cycle_time_hours"),
                        _column("Yield, %", "avg_yield"),
                        _column("Issues per day", "throughput_per_day"),
                    ),
                    Listing(
                        title="Newest rows",
                        view="bi_arrivals",
                        width=2,
                        columns=("log", "last_arrived_on", "days_since_last_arrival"),
                        order="log",
                    ),
                ),
                (
                    GroupedTable(
                        title="Against the window before",
                        view="bi_aggregate_extended",
                        width=12,
                        dimensions=(Dimension("Range", "time_range"),),
                        measures=(
                            _column("Issues", "total_issues"),
                            _column("Issues before", "previous_total_issues"),
                            _column("Cost, USD", "total_cost"),
                            _column("Cost before, USD", "previous_total_cost"),
                            _column("Runs of unknown cost", "unknown_cost_runs"),
                            _column("Cycle time, hours", "avg_cycle_time_hours"),
                            _column("Cycle time before, hours", "previous_avg_cycle_time_hours"),
                            _column("90th percentile, hours", "cycle_time_p90_hours"),
                            _column("Yield, %", "avg_yield"),
                            _column("Yield before, %", "previous_avg_yield"),
                        ),
                        order=_column("Range", "time_range"),
                    ),
                ),
            ),
        ),
        Section(
            "Stations",
            (
                (
                    Bars(
                        title="Work in progress and throughput",
                        view="bi_station",
                        width=6,
                        dimension=_STATION,
                        measures=(
                            _column("In progress", "wip_count"),
                            _column("Throughput", "throughput"),
                        ),
                    ),
                    GroupedTable(
                        title="Stations",
                        view="bi_station",
                        width=6,
                        dimensions=(_STATION,),
                        measures=(
                            _column("In progress", "wip_count"),
                            _column("Throughput", "throughput"),
                            _column("Cycle time, hours", "cycle_time_hours"),
                            _column("Yield, %", "yield"),
                        ),
                        order=_column("Place", "station_position"),
                    ),
                ),
            ),
        ),
        Section(
            "Cost",
            (
                (
                    *_numbers(
                        "bi_cost",
                        2,
                        _column("Cost per issue, USD", "avg_cost_per_issue"),
                        _column("Time of people, %", "human_time_pct"),
                    ),
                    Bars(
                        title="Cost per issue by station, USD",
                        view="bi_cost_by_station",
                        width=4,
                        dimension=_stations("station", "cost_position"),
                        measures=(_column("Cost per issue", "cost"),),
                    ),
                    Bars(
                        title="Cost by day, USD",
                        view="bi_cost_by_day",
                        width=4,
                        dimension=_DAY,
                        measures=(_column("Cost", "cost"),),
                        by_day=True,
                    ),
                ),
            ),
        ),
        Section(
            "Providers",
            (
                (
                    GroupedTable(
                        title="Providers",
                        view="bi_provider",
                        width=8,
                        dimensions=(Dimension("Provider", "provider"),),
                        measures=(
                            _column("Runs", "total_runs"),
                            _column("of unknown cost", "unknown_cost_runs"),
                            _column("Success, %", "success_rate"),
                            _column("Cost per run, USD", "avg_cost"),
                            _minutes("Time per run, minutes", "avg_duration_ms"),
                            _column("Cost efficiency", "cost_efficiency"),
                        ),
                        order=_column("Place", "provider_position"),
                    ),
                    Shares(
                        title="Cost by provider",
                        view="bi_provider",
                        width=4,
                        dimension=Dimension("Provider", "provider"),
                        measure=_column("Cost, USD", "total_cost"),
                    ),
                ),
            ),
        ),
        Section(
            "Handoffs",
            (
                (
                    *_numbers(
                        "bi_handoff",
                        2,
                        _column("Review latency, hours", "avg_review_latency_hours"),
                        _column("Accepted, share", "acceptance_rate"),
                        _column("Overrides per decision", "override_frequency"),
                        _column("Friction", "handoff_friction_score"),
                    ),
                    Bars(
                        title="Overrides by day",
                        view="bi_overrides_by_day",
                        width=4,
                        dimension=_DAY,
                        measures=(_column("Overrides", "count"),),
                        by_day=True,
                    ),
                ),
            ),
        ),
        Section(
            "Phases",
            (
                (
                    GroupedTable(
                        title="Phases",
                        view="bi_phase",
                        width=5,
                        dimensions=(_PHASE,),
                        measures=(
                            _column("Cycle time, hours", "avg_cycle_time_hours"),
                            _column("Cost, USD", "avg_cost_usd"),
                            _column("Throughput", "throughput"),
                        ),
                        order=_column("Place", "phase_position"),
                    ),
                    *_numbers(
                        "bi_rework_loops",
                        2,
                        _column("Reworks", "total_reworks"),
                        _column("Rework cycles per issue", "avg_cycles_per_issue"),
                    ),
                    Shares(
                        title="Escalation strategies",
                        view="bi_escalations",
                        width=3,
                        dimension=Dimension("Strategy", "strategy"),
                        measure=_column("Issues", "count"),
                    ),
                ),
            ),
        ),
        Section(
            "DevOps",
            (
                (
                    Listing(
                        title="DORA metrics",
                        view="bi_devops",
                        width=7,
                        columns=(
                            "deployment_frequency",
                            "lead_time_for_changes",
                            "change_failure_rate",
                            "mean_time_to_recovery",
                            "uptime_pct",
                            "active_deployments",
                            "open_incidents",
                        ),
                        order="time_range",
                    ),
                    Listing(
                        title="DORA levels",
                        view="bi_dora_levels",
                        width=5,
                        columns=(
                            "dora_level",
                            "deployment_frequency_level",
                            "lead_time_level",
                            "change_failure_level",
                            "recovery_time_level",
                        ),
                        order="time_range",
                    ),
                ),
                (
                    Listing(
                        title="Pipelines",
                        view="bi_pipelines",
                        width=4,
                        columns=("started_at", "name", "status", "duration", "branch"),
                        order="list_position",
                    ),
                    Listing(
                        title="Deployments",
                        view="bi_deployments",
                        width=4,
                        columns=("deployed_at", "environment", "version", "status", "is_rollback"),
                        order="list_position",
                    ),
                    Listing(
                        title="Incidents",
                        view="bi_incidents",
                        width=4,
                        columns=("opened_at", "title", "severity", "status", "resolved_at"),
                        order="list_position",
                    ),
                ),
            ),
        ),
    ),
)

PROJECTS = Tab(
    "Projects",
    (
        Section(
            "Projects of the org",
            (
                (
                    GroupedTable(
                        title="Projects",
                        view="bi_project_aggregate",
                        width=8,
                        dimensions=(Dimension("Project", "project_id"),),
                        measures=(
                            _column("Issues", "total_issues"),
                            _column("Issues before", "previous_total_issues"),
                            _column("Cost, USD", "total_cost"),
                            _column("Cycle time, hours", "avg_cycle_time_hours"),
                            _column("Yield, %", "avg_yield"),
                        ),
                        order=_column("Project", "project_id"),
                    ),
                    Listing(
                        title="DORA levels of projects",
                        view="bi_project_dora_levels",
                        width=4,
                        columns=("project_id", "dora_level"),
                        order="project_id",
                    ),
                ),
                (
                    Bars(
                        title="Cost of projects by day, USD",
                        view="bi_project_cost_by_day",
                        width=12,
                        dimension=_DAY,
                        measures=(Measure("Cost", 'SUM("cost")'),),
                        by_day=True,
                    ),
                ),
            ),
        ),
    ),
)

TABS = (OVERVIEW, PROJECTS)

FILTERS = (
    Filter("Org", "org_id", "bi_aggregate"),
    Filter("Range", "time_range", "bi_aggregate", default=FIRST_RANGE),
    Filter("Project", "project_id", "bi_project_aggregate", tab="Projects", is_optional=True),
)
