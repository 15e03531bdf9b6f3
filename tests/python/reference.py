"""The documents, computed in plain Python straight from the definitions of the metrics.

The tests compare the pipeline with it. It is written to be read beside the definitions: exact arithmetic
throughout (floats appear only when a finished number is written), one function per document, no optimisation.
Instants are whole microseconds since 1970-01-01 UTC.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from reference_devops import devops
from reference_factory import (
    TIME_RANGES,
    Document,
    Factory,
    day_of,
    mean,
    median,
    milliseconds,
    percent,
    rate,
    ratio,
    rounded,
    usd,
)
from reference_rows import (
    DEFAULTS,
    Event,
    Row,
    Run,
    as_event,
    as_measure,
    as_run,
    broken_event_rule,
    broken_run_rule,
    clean,
    not_blank,
)
from reference_runs import runs_of_events
from reference_settings import STATIONS, Settings

OrgDocuments = dict[tuple[str, int], Document]


@dataclass(frozen=True)
class Expected:
    """What a run over both logs gives.

    `documents` by org, then by metric type and days; `rejected` by log, each with its rule;
    `counts` by log, outcome ('accepted', 'duplicate', 'rejected') and rule (None unless rejected);
    `no_runs`, by rule, how many events would be runs, did they not break it;
    `cost_sources` by org and days, then by provider and where the cost is from, how many runs.
    """

    documents: dict[str, OrgDocuments]
    rejected: dict[str, list[tuple[str, Row]]]
    counts: Counter[tuple[str, str, str | None]]
    no_runs: Counter[str]
    cost_sources: dict[tuple[str, int], Counter[tuple[str, str]]]


def compute(
    event_rows: Iterable[Row], run_rows: Iterable[Row], as_of: int, settings: Settings = DEFAULTS
) -> Expected:
    """Compute everything from the delivered rows of both logs."""
    events = clean(event_rows, broken_event_rule, as_event, settings)
    runs = clean(run_rows, broken_run_rule, as_run, settings)
    counts: Counter[tuple[str, str, str | None]] = Counter()
    for log, accepted, duplicates, rejected in (
        ("factory_events", len(events.accepted), events.duplicates, events.rejected),
        ("factory_metrics", len(runs.accepted), runs.duplicates, runs.rejected),
    ):
        counts[log, "accepted", None] += accepted
        counts[log, "duplicate", None] += duplicates
        for rule, _ in rejected:
            counts[log, "rejected", rule] += 1

    documents = {}
    cost_sources = {}
    no_runs: Counter[str] = Counter()
    for org in sorted({e.org for e in events.accepted} | {r.org for r in runs.accepted}):
        org_events = sorted((e for e in events.accepted if e.org == org), key=lambda e: (e.at, e.id))
        logged = sorted((r for r in runs.accepted if r.org == org), key=lambda r: (r.at, r.id))
        # those after the as-of, too: the list of what cannot be used is of all time
        no_runs.update(runs_of_events(org_events, logged, settings)[1])
        org_events = [e for e in org_events if e.at <= as_of]
        logged = [r for r in logged if r.at <= as_of]
        if not (org_events or logged):
            continue
        org_runs = [] if settings.runs_from == "factory_events" else logged
        org_runs = [*org_runs, *runs_of_events(org_events, logged, settings)[0]]
        org_runs.sort(key=lambda r: (r.at, r.id))
        documents[org] = org_documents(org_events, org_runs, as_of)
        for days in TIME_RANGES:
            in_window = Factory([], org_runs, as_of, days).runs
            cost_sources[org, days] = Counter((run.provider, run.source) for run in in_window)
    rejected_rows = {"factory_events": events.rejected, "factory_metrics": runs.rejected}
    return Expected(documents, rejected_rows, +counts, no_runs, cost_sources)


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
