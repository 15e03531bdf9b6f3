"""What the page shows of each range: figures, cards and charts, made of its documents."""

from collections.abc import Mapping, Sequence
from datetime import date

from markupsafe import Markup
from msgspec import Struct

from factory_metrics.documents.contract import (
    AggregateMetrics,
    CostMetrics,
    DevopsMetrics,
    HandoffMetrics,
    PhaseMetrics,
    ProviderMetrics,
    StationMetrics,
)
from factory_metrics.report.charts import Bar, day_bars, printable, row_bars, sparkline
from factory_metrics.report.formats import day_text, length_text, percent_text, station_text, usd_text

NONE = "n/a"
_MOST_PROVIDERS = 8


class ChartWithTable(Struct, frozen=True):
    """A chart, and the table that says the same."""

    title: str
    note: str
    image: Markup
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


class Figure(Struct, frozen=True):
    """A figure with its name, what it means, and the same figure in the other ranges."""

    name: str
    value: str
    meaning: str
    others: Sequence[tuple[str, str]] = ()
    sparkline: Markup | None = None


class StationCard(Struct, frozen=True):
    """A station, and what stands out about it."""

    station: StationMetrics
    cycle_time: str
    yield_: str
    has_longest_queue: bool
    is_slowest: bool

    @property
    def is_likely_bottleneck(self) -> bool:
        """Whether it is the one that work both waits for and stays in the longest."""
        return self.has_longest_queue and self.is_slowest


class Metrics(Struct, frozen=True):
    """The documents of a range."""

    aggregate: AggregateMetrics
    station: list[StationMetrics]
    cost: CostMetrics
    provider: list[ProviderMetrics]
    handoff: HandoffMetrics
    phase: PhaseMetrics
    devops: DevopsMetrics


class Window(Struct, frozen=True):
    """All that is shown of a range. A chart is None when there is nothing to draw."""

    time_range: str
    days: int
    first_day: date
    last_day: date
    metrics: Metrics
    summary: Sequence[Figure]
    stations: Sequence[StationCard]
    unknown_cost_runs: int
    cost_figures: Sequence[Figure]
    cost_by_day: ChartWithTable | None
    cost_by_station: ChartWithTable | None
    time_split: ChartWithTable | None
    provider_charts: Sequence[ChartWithTable]
    handoff_figures: Sequence[Figure]
    overrides: ChartWithTable | None
    phase_figures: Sequence[Figure]
    phase_charts: Sequence[ChartWithTable]
    escalations: ChartWithTable | None
    devops_figures: Sequence[Figure]


def window(time_range: str, decoded: Mapping[str, Metrics], unknown_cost_runs: int) -> Window:
    """Return what is shown of a range."""
    metrics = decoded[time_range]
    cost, aggregate = metrics.cost, metrics.aggregate
    days = [(day.date, day.cost) for day in cost.cost_trend]
    return Window(
        time_range=time_range,
        days=len(days),
        first_day=days[0][0],
        last_day=days[-1][0],
        metrics=metrics,
        summary=_summary(time_range, decoded),
        stations=station_cards(metrics.station, len(days)),
        unknown_cost_runs=unknown_cost_runs,
        cost_figures=[
            Figure("Total", usd_text(aggregate.total_cost), "All agent runs recorded in the window."),
            Figure(
                "Per issue",
                usd_text(cost.avg_cost_per_issue) if aggregate.total_issues else NONE,
                "Total cost divided by the issues completed.",
            ),
        ],
        cost_by_day=_cost_by_day(days) if aggregate.total_cost else None,
        cost_by_station=_rows_chart(
            "Cost per issue, by station",
            "Each station's share of the cost of a completed issue.",
            ("Station", "USD per issue"),
            [
                Bar(station_text(item.station), item.cost, usd_text(item.cost))
                for item in cost.cost_per_station
            ],
        ),
        time_split=_rows_chart(
            "Human against agent time",
            "Time that people spent reviewing, and agents working, as shares of both together.",
            ("Who", "Share of the time"),
            [
                Bar("Agents", cost.agent_time_pct, percent_text(cost.agent_time_pct)),
                Bar("People", cost.human_time_pct, percent_text(cost.human_time_pct)),
            ],
        ),
        provider_charts=_provider_charts(metrics.provider),
        handoff_figures=_handoff_figures(metrics.handoff),
        overrides=_overrides(metrics.handoff, [day for day, _ in days]),
        phase_figures=_phase_figures(metrics.phase),
        phase_charts=_phase_charts(metrics.phase),
        escalations=_rows_chart(
            "Escalation strategies",
            "How the completed issues were escalated, as shares of them.",
            ("Strategy", "Issues"),
            [
                Bar(item.strategy, item.count, f"{item.count:,} ({percent_text(item.percentage)})")
                for item in metrics.phase.escalation_distribution
            ],
        ),
        devops_figures=_devops_figures(metrics.devops),
    )


def _summary(time_range: str, decoded: Mapping[str, Metrics]) -> list[Figure]:
    """Return the executive summary."""
    texts = {name: _summary_texts(metrics.aggregate) for name, metrics in decoded.items()}
    days = [(day.date, day.cost) for day in decoded[time_range].cost.cost_trend]
    line = sparkline(days, f"Cost by day, from {day_text(days[0][0])} to {day_text(days[-1][0])}")
    return [
        Figure(
            name,
            texts[time_range][at],
            meaning,
            [(other, of[at]) for other, of in texts.items() if other != time_range],
            line if name == "Cost" else None,
        )
        for at, (name, meaning) in enumerate(
            (
                ("Issues", "Issues completed in the window."),
                ("Cost", "What all agent runs cost; the line is by day."),
                ("Cycle time", "Median time from an issue's first event to its completion."),
                ("Yield", "Completed issues without a rework up to their completion."),
                ("Throughput", "Issues completed per day."),
            )
        )
    ]


def _summary_texts(aggregate: AggregateMetrics) -> tuple[str, ...]:
    has_issues = aggregate.total_issues > 0
    return (
        f"{aggregate.total_issues:,}",
        usd_text(aggregate.total_cost),
        length_text(aggregate.avg_cycle_time_ms) if has_issues else NONE,
        percent_text(aggregate.avg_yield) if has_issues else NONE,
        f"{aggregate.throughput_per_day:,.2f}/day",
    )


def station_cards(stations: Sequence[StationMetrics], days: int) -> list[StationCard]:
    """Return the stations, in pipeline order. Ties stand out together; nothing does where all are zero."""

    def queue(station: StationMetrics) -> float:
        """Days in which the station would pass on what is in it now, at the window's pace."""
        if not station.throughput:
            return float("inf") if station.wip_count else 0.0
        return station.wip_count * days / station.throughput

    longest_queue = max(map(queue, stations))
    slowest = max(station.cycle_time_ms for station in stations)
    return [
        StationCard(
            station,
            cycle_time=length_text(station.cycle_time_ms) if has_exits else NONE,
            yield_=percent_text(station.yield_) if has_exits else NONE,
            has_longest_queue=0 < longest_queue == queue(station),
            is_slowest=0 < slowest == station.cycle_time_ms,
        )
        for station in stations
        for has_exits in [station.throughput > 0 or station.cycle_time_ms > 0]
    ]


def _cost_by_day(days: Sequence[tuple[date, float]]) -> ChartWithTable:
    highest_day, highest = max(days, key=lambda day: day[1])
    description = (
        f"Bar chart of the cost by day, from {day_text(days[0][0])} to {day_text(days[-1][0])}; "
        f"the highest is {usd_text(highest)} on {day_text(highest_day)}. The figures are in the table below."
    )
    return ChartWithTable(
        "Cost by day",
        "What the agent runs of each day cost (UTC).",
        day_bars(days, description, money=True),
        ("Day", "USD"),
        [(day_text(day), usd_text(amount)) for day, amount in days],
    )


def _overrides(handoff: HandoffMetrics, days: Sequence[date]) -> ChartWithTable | None:
    """Return the days with overrides; days without are zero."""
    counts = {day.date: day.count for day in handoff.override_timeline}
    if not counts:
        return None
    total = sum(counts.values())
    description = f"Bar chart of overrides by day, {total:,} in all. The figures are in the table below."
    return ChartWithTable(
        "Overrides by day",
        "How often people overrode an agent.",
        day_bars([(day, counts.get(day, 0)) for day in days], description, money=False),
        ("Day", "Overrides"),
        [(day_text(day), f"{count:,}") for day, count in counts.items()],
    )


def _rows_chart(
    title: str, note: str, columns: tuple[str, str], rows: Sequence[Bar]
) -> ChartWithTable | None:
    """Return a chart of horizontal bars, None when there is nothing above zero."""
    if not any(row.value for row in rows):
        return None
    figures = ", ".join(f"{printable(row.label)} {row.text}" for row in rows)
    image = row_bars(rows, f"Bar chart of {title[0].lower()}{title[1:]}: {figures}.")
    return ChartWithTable(title, note, image, columns, [(row.label, row.text) for row in rows])


def _provider_charts(providers: Sequence[ProviderMetrics]) -> list[ChartWithTable]:
    """Return what the providers with the most runs are compared by."""
    first = providers[:_MOST_PROVIDERS]
    only = f" The {_MOST_PROVIDERS} providers with the most runs." if len(providers) > len(first) else ""
    charts = [
        _rows_chart(
            "Success rate",
            f"Of a provider's work that ended, the share that was completed, not sent back.{only}",
            ("Provider", "Success rate"),
            [Bar(item.provider, item.success_rate, percent_text(item.success_rate)) for item in first],
        ),
        _rows_chart(
            "Cost per run",
            f"Mean cost of a run.{only}",
            ("Provider", "USD per run"),
            [Bar(item.provider, item.avg_cost, usd_text(item.avg_cost)) for item in first],
        ),
    ]
    return [chart for chart in charts if chart is not None]


def _handoff_figures(handoff: HandoffMetrics) -> list[Figure]:
    """Return the figures about decisions; without decisions there are none."""
    # Decisions of which none is approved and none overridden have a friction of 1.
    has_decisions = any((handoff.acceptance_rate, handoff.override_frequency, handoff.handoff_friction_score))
    if not has_decisions:
        return []
    return [
        Figure(
            "Review latency",
            length_text(handoff.avg_review_latency_ms) if handoff.avg_review_latency_ms else NONE,
            "Mean time from the handoff to the decision.",
        ),
        Figure("Acceptance", percent_text(100 * handoff.acceptance_rate), "Decisions that approved."),
        Figure(
            "Override frequency",
            percent_text(100 * handoff.override_frequency),
            "Overrides per decision, at most 100%.",
        ),
        Figure(
            "Friction",
            f"{handoff.handoff_friction_score:.2f}",
            "(1 - acceptance) x (1 - override frequency): 0 is smooth, 1 is stuck.",
        ),
    ]


def _phase_figures(phase: PhaseMetrics) -> list[Figure]:
    loops = phase.rework_loops
    return [
        Figure("Reworks", f"{loops.total_reworks:,}", "How often work was sent back."),
        Figure("Completed", f"{loops.total_completed:,}", "Issues completed."),
        Figure(
            "Cycles per issue",
            f"{loops.avg_cycles_per_issue:.2f}" if loops.total_completed else NONE,
            "(Completed + reworks) / completed: 1 is no rework at all.",
        ),
    ]


def _phase_charts(phase: PhaseMetrics) -> list[ChartWithTable]:
    done = [step for step in phase.phases if step.throughput]
    charts = [
        _rows_chart(
            "Time per issue, by phase",
            "Mean over the issues that the phase passed on, all their visits added up.",
            ("Phase", "Time per issue"),
            [
                Bar(station_text(step.phase), step.avg_cycle_time_ms, length_text(step.avg_cycle_time_ms))
                for step in done
            ],
        ),
        _rows_chart(
            "Cost per issue, by phase",
            "Cost of the phase's runs, by the issues that it passed on.",
            ("Phase", "USD per issue"),
            [Bar(station_text(step.phase), step.avg_cost_usd, usd_text(step.avg_cost_usd)) for step in done],
        ),
    ]
    return [chart for chart in charts if chart is not None]


def _devops_figures(devops: DevopsMetrics) -> list[Figure]:
    infra = devops.infra
    return [
        Figure("Deployment frequency", infra.deployment_frequency, "Changes of production per day."),
        Figure("Lead time", infra.lead_time_for_changes, "Median time from commit to deployment."),
        Figure(
            "Change failure rate",
            infra.change_failure_rate,
            "Changes of production with an incident or a rollback.",
        ),
        Figure("Time to recovery", infra.mean_time_to_recovery, "Mean time from opening to resolution."),
        Figure("Uptime", percent_text(infra.uptime_pct), "Time without a critical incident."),
        Figure("Open incidents", f"{infra.open_incidents:,}", "Opened and not resolved at the as-of."),
        Figure(
            "Active deployments",
            f"{infra.active_deployments:,}",
            "Projects and environments whose latest deployment succeeded.",
        ),
    ]
