"""Check the reference itself, on examples worked out by hand from the definitions of the metrics."""

from collections.abc import Sequence
from fractions import Fraction
from typing import cast

import pytest
from reference import compute
from reference_factory import Document, length_text, rounded, short
from reference_rows import SECOND, Row, as_instant, as_measure, broken_event_rule

AS_OF = as_instant("2026-06-30T12:00:00Z") or 0
DAY_START = "2026-06-30T"


def event(
    number: int, kind: str, at: str, payload: dict[str, object], **columns: object
) -> dict[str, object]:
    """Return an event of issue i1 of the org acme, on the as-of's date unless `at` has another one."""
    at = at if "T" in at else f"{DAY_START}{at}Z"
    row: dict[str, object] = {
        "id": f"e{number}",
        "org_id": "acme",
        "event_type": kind,
        "issue_id": "i1",
        "occurred_at": at,
        "ingested_at": at,
        "payload": payload,
    }
    return row | columns


def run(number: int, at: str, station: str, cost: str | None, provider: str | None) -> Row:
    """Return a run of 10 minutes of the org acme, of a session that its provider has to itself."""
    return {
        "id": f"r{number}",
        "org_id": "acme",
        "session_id": "s1" if provider else "s2",
        "station": station,
        "cost_usd": cost,
        "duration_ms": 600_000,
        "recorded_at": f"{DAY_START}{at}Z",
        "ingested_at": f"{DAY_START}{at}Z",
        "metadata": {"provider": provider},
    }


def document(events: Sequence[Row], runs: Sequence[Row], metric_type: str, days: int = 7) -> Document:
    """Return one document of acme, without its outermost key."""
    outcome = compute(events, runs, AS_OF)
    assert not outcome.rejected["factory_events"]
    assert not outcome.rejected["factory_metrics"]
    return cast("Document", outcome.documents["acme"][metric_type, days]["metrics"])


def part(value: object, *path: str | int) -> object:
    """Return what is at a path of a document."""
    for step in path:
        value = cast("dict[str | int, object]", value)[step]
    return value


# development 1 h, reworked in place, development 2 h, qa 30 min, done after 3.5 h; reopened and open in qa.
WORK = [
    event(1, "work-item.started", "01:00", {"stage": "development"}),
    event(2, "work-item.started", "01:30", {"stage": " Development"}),  # changes nothing
    event(3, "work-item.rework", "02:00", {"toStage": "development"}),
    event(4, "work-item.handoff", "04:00", {"toStage": "QA"}),
    event(5, "work-item.completed", "04:30", {"escalationStrategy": " "}, session_id="s1"),
    event(6, "work-item.handoff", "05:00", {"toStage": "qa"}),
]


def test_a_work_item_through_the_stations() -> None:
    assert document(WORK, [], "aggregate") == {
        "totalIssues": 1,
        "totalCost": 0.0,
        "avgCycleTimeMs": 12_600_000,
        "avgYield": 0.0,
        "throughputPerDay": 0.14,
        "costTrend": [0.0] * 7,
    }
    stations = document(WORK, [], "station")
    assert part(stations, 1) == {
        "station": "development",
        "wipCount": 0,
        "throughput": 1,
        "cycleTimeMs": 5_400_000,  # the median of 1 h and 2 h
        "yield": 0.0,
    }
    assert part(stations, 3) == {
        "station": "qa",
        "wipCount": 1,
        "throughput": 1,
        "cycleTimeMs": 1_800_000,
        "yield": 100.0,
    }
    phases = document(WORK, [], "phase")
    assert part(phases, "phases", 1, "avgCycleTimeMs") == 10_800_000  # both visits together
    assert part(phases, "reworkLoops") == {"avgCyclesPerIssue": 2.0, "totalReworks": 1, "totalCompleted": 1}
    assert part(phases, "escalationDistribution") == [{"strategy": "none", "count": 1, "percentage": 100.0}]


def test_costs_and_providers() -> None:
    runs = [
        run(1, "01:00", "qa", "0.00005", " OpenAI "),
        run(2, "02:00", "development", "0.3", None),
        run(3, "03:00", "development", "0.1", "openai"),
    ]
    cost = document(WORK, runs, "cost")
    assert cost["avgCostPerIssue"] == 0.4001  # 0.40005, half away from zero
    assert part(cost, "costPerStation", 0) == {"station": "development", "cost": 0.4}
    assert part(cost, "costPerStation", 2) == {"station": "research", "cost": 0.0}
    assert part(cost, "costTrend", 6) == {"date": "2026-06-30", "cost": 0.4001}
    assert (cost["humanTimePct"], cost["agentTimePct"]) == (0.0, 100.0)
    # Of session s1's completed (the rework has no session): 100 percent.
    assert part(document(WORK, runs, "provider"), 0) == {
        "provider": "openai",
        "successRate": 100.0,
        "avgCost": 0.05,  # 0.050025
        "avgDurationMs": 600_000,
        "totalRuns": 2,
        "costEfficiency": 1999.0,
    }
    assert part(document(WORK, runs, "provider"), 1, "provider") == "unknown"


def test_what_is_unknown_is_in_no_mean_over_runs() -> None:
    runs = [
        run(1, "01:00", "qa", "1", "openai"),
        dict(run(2, "02:00", "qa", None, "openai")) | {"duration_ms": " "},
        run(3, "03:00", "qa", "", None),
    ]
    assert document(WORK, runs, "cost")["avgCostPerIssue"] == 1.0
    assert part(document(WORK, runs, "phase"), "phases", 3, "avgCostUsd") == 1.0
    openai, unknown = cast("list[Document]", document(WORK, runs, "provider"))
    assert (openai["avgCost"], openai["avgDurationMs"], openai["totalRuns"]) == (1.0, 600_000, 2)
    assert (unknown["avgCost"], unknown["costEfficiency"], unknown["totalRuns"]) == (0.0, 0.0, 1)
    sources = compute(WORK, runs, AS_OF).cost_sources["acme", 7]
    assert sources == {("openai", "reported"): 1, ("openai", "unknown"): 1, ("unknown", "unknown"): 1}


def test_decisions() -> None:
    events = [
        event(1, "human.review-started", "01:00", {}),
        event(2, "human.review-completed", "01:10", {"approved": True}),
        event(3, "work-item.handoff", "02:00", {"toStage": "qa"}),
        event(4, "human.review-completed", "02:30", {"approved": "true", "duration": 60_000}),
        event(5, "human.review-completed", "02:30", {"approved": True}, issue_id="i2"),
        event(6, "human.override", "03:00", {}),
    ]
    assert document(events, [], "handoff") == {
        "avgReviewLatencyMs": 1_200_000,  # 10 and 30 minutes; i2's has nothing before it
        "acceptanceRate": 0.6667,
        "overrideFrequency": 0.3333,
        "handoffFrictionScore": 0.2222,
        "overrideTimeline": [{"date": "2026-06-30", "count": 1}],
    }
    assert document(events, [run(1, "01:00", "qa", "0", "x")], "cost")["humanTimePct"] == 52.4  # 11 of 21 min


def deployed(number: int, at: str, *, rollback: bool = False, **payload: object) -> Row:
    """Return a successful production deployment d<number>."""
    usual = {"deploymentId": f"d{number}", "environment": "production", "status": "success"}
    return event(number, "deployment.finished", at, usual | {"isRollback": rollback} | payload)


def test_deployments_and_incidents() -> None:
    events = [
        deployed(1, "01:00", committedAt="2026-06-30T01:00:00+02:00"),  # lead time 2 h; an incident is linked
        deployed(2, "02:00", committedAt="2026-06-30T02:00:01Z"),  # rolled back by the next
        deployed(3, "03:00", rollback=True),
        deployed(4, "04:00"),
        deployed(5, "05:00"),
        event(6, "incident.opened", "02:00", {"incidentId": "n1", "severity": "critical"}),
        event(7, "incident.resolved", "03:00", {"incidentId": "n1"}),
        event(8, "incident.opened", "02:30", {"incidentId": "n2", "severity": "critical"}),
        event(9, "incident.resolved", "04:30", {"incidentId": "n2"}),
        event(10, "incident.resolved", "04:30", {"incidentId": "n3"}),
    ]
    devops = document(events, [], "devops")
    assert devops["infra"] == {
        "uptimePct": 98.4,  # 2.5 h of 156 h
        "activeDeployments": 1,
        "openIncidents": 0,
        "deploymentFrequency": "0.57/day",
        "changeFailureRate": "50%",
        "leadTimeForChanges": "2h",
        "meanTimeToRecovery": "1.5h",
    }
    assert [part(row, "deploymentId") for row in cast("list[object]", devops["incidents"])] == [
        "d2",
        "d1",
        None,
    ]


def test_both_ends_of_a_window_are_in_it() -> None:
    instants = ("2026-06-23T23:59:59.999999Z", "2026-06-24T00:00:00Z", "2026-06-30T12:00:00Z")
    events = [event(n, "human.override", at, {}) for n, at in enumerate(instants)]
    later = event(9, "human.override", "2026-06-30T12:00:00.000001Z", {})
    timeline = document([*events, later], [], "handoff")["overrideTimeline"]
    assert timeline == [{"date": "2026-06-24", "count": 1}, {"date": "2026-06-30", "count": 1}]


def test_the_earliest_good_delivery_counts() -> None:
    row = event(1, "human.override", "01:00", {})
    rows = [
        row | {"ingested_at": "2026-06-30T09:00:00Z", "event_type": "human.review-started"},
        row | {"ingested_at": "2026-06-30T08:00:00Z"},
        row | {"ingested_at": "2026-06-30T07:00:00Z", "payload": "[]"},
        row | {"org_id": "other"},
    ]
    outcome = compute(rows, [], AS_OF)
    assert dict(outcome.counts) == {
        ("factory_events", "accepted", None): 2,
        ("factory_events", "duplicate", None): 1,
        ("factory_events", "rejected", "invalid_payload"): 1,
    }
    assert part(outcome.documents["acme"]["handoff", 7], "metrics", "overrideTimeline", 0, "count") == 1


def test_the_first_broken_rule_names_a_row() -> None:
    row = event(1, "work-item.started", "01:00", {"stage": "design"}, issue_id=" ")
    assert broken_event_rule(row) == "missing_subject"
    for column, value, rule in [
        ("payload", "[]", "invalid_payload"),
        ("ingested_at", "2026-06-29T00:59:59Z", "future_timestamp"),
        ("occurred_at", "soon", "invalid_timestamp"),
        ("event_type", "Work-item.started", "unknown_event_type"),
        ("org_id", "\t", "missing_org"),
        ("id", None, "missing_id"),
    ]:
        row[column] = value
        assert broken_event_rule(row) == rule


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-02T14:00:00.5Z",
        "2026-06-02 14:00:00,5",
        "2026-06-02T16:00:00.500+02",
        "20260602T193000.5+0530",
        "2026-06-01T23:00:00.5000009-15:00",
    ],
)
def test_forms_of_a_timestamp(text: str) -> None:
    assert as_instant(text) == 1_780_408_800 * SECOND + SECOND // 2


def test_rounding_and_texts() -> None:
    assert [rounded(Fraction(text), 1) for text in ("0.25", "-0.25", "0.249")] == [
        Fraction("0.3"),
        Fraction("-0.3"),
        Fraction("0.2"),
    ]
    assert [short(Fraction(text), 2) for text in ("0", "2.5", "2.004", "100", "0.07")] == [
        "0",
        "2.5",
        "2",
        "100",
        "0.07",
    ]
    lengths = ("59.5", "60", "3599", "3600", "16200", "86399", "86400", "198720")
    assert [length_text(Fraction(text) * SECOND) for text in lengths] == [
        "60s",
        "1m",
        "60m",
        "1h",
        "4.5h",
        "24h",
        "1d",
        "2.3d",
    ]
    assert as_measure("1.2345678905e0") == Fraction("1.234567891")
    assert as_measure("-1e-12") is None
