"""Ask MetricFlow for every metric that a mart has, too, and compare: each org, station, provider and window.

The logs are the demo's, and random hostile ones beside them.
"""

import csv
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import real_settings
from conftest import ALL_ROWS, BI, ROOT, Warehouse
from hostile.columns import Row
from hostile.factories import random_factory
from hostile.files import write_logs
from reference_rows import as_instant

AS_OF = "2026-06-30T12:00:00Z"
RANGES = (7, 30, 90)
HOSTILE_ORGS = 80
EXTREME_ORGS = 4
MF = Path(sys.executable).with_name("mf")

Key = tuple[object, ...]
Numbers = dict[Key, float]


@dataclass(frozen=True)
class Comparison:
    """A query of a mart and a question to the semantic layer that must have the same answers.

    `keys` maps what to group by to the query's column for it, `metrics` a metric to its expression there.
    Answers' rows count only where `present` is above 0.
    """

    rows: str
    keys: Mapping[str, str]
    metrics: Mapping[str, str]
    present: str | None = None

    def with_hours(self) -> "Comparison":
        """Compare durations in hours, too."""
        hours = {
            f"{metric.removesuffix('_ms')}_hours": f"({expression}) / 3600000.0"
            for metric, expression in self.metrics.items()
            if metric.endswith("_ms")
        }
        return replace(self, metrics={**self.metrics, **hours})


ORG = {"org": "org_id"}
STATION = {"org": "org_id", "station": "station"}
COMPARISONS = [
    Comparison(
        "aggregate_{days}d",
        ORG,
        {
            "total_issues": "total_issues",
            "first_pass_issues": "first_pass_issues",
            "reported_cost_runs": "reported_cost_runs",
            "computed_cost_runs": "computed_cost_runs",
            "unknown_cost_runs": "unknown_cost_runs",
            "total_cost": "total_cost_unrounded",
            "avg_cycle_time_ms": "avg_cycle_time_ms_unrounded",
            "avg_yield": "avg_yield_unrounded",
            "throughput_per_day": "throughput_per_day_unrounded",
            "window_days": "{days}",
        },
    ),
    Comparison(
        "(select org_id, unnest(cost_trend_unrounded, recursive := true) from cost_{days}d)",
        {"org": "org_id", "metric_time__day": '"date"'},
        {"total_cost": "cost", "window_days": "1"},
    ),
    Comparison(
        "station_{days}d",
        STATION,
        {
            "wip_count": "wip_count",
            "throughput": "throughput",
            "cycle_time_ms": "cycle_time_ms_unrounded",
            "yield": "yield_unrounded",
            "exited_visits": "exited_visits",
            "exited_issues": "exited_issues",
            "reworked_issues": "reworked_issues",
        },
    ),
    Comparison(
        "cost_{days}d",
        ORG,
        {
            "avg_cost_per_issue": "avg_cost_per_issue_unrounded",
            "issues_of_all_stations": "total_issues",
            "human_time_ms": "human_time_ms",
            "agent_time_ms": "agent_time_ms",
            "human_time_pct": "human_time_pct_unrounded",
            "agent_time_pct": "coalesce(100 * (agent_time_ms / nullif(agent_time_ms + human_time_ms, 0)), 0)",
        },
    ),
    Comparison(
        "(select org_id, unnest(cost_per_station_unrounded, recursive := true) from cost_{days}d)",
        STATION,
        {"avg_cost_per_issue": "cost", "total_cost": "total_cost"},
    ),
    Comparison(
        "provider_{days}d",
        {"org": "org_id", "provider": "provider"},
        {
            "total_runs": "total_runs",
            "timed_runs": "timed_runs",
            "reported_cost_runs": "reported_cost_runs",
            "computed_cost_runs": "computed_cost_runs",
            "unknown_cost_runs": "unknown_cost_runs",
            "success_rate": "success_rate_unrounded",
            "avg_cost": "avg_cost_unrounded",
            "avg_duration_ms": "avg_duration_ms_unrounded",
            "cost_efficiency": "cost_efficiency_unrounded",
            "completed_events": "completed_events",
            "rework_events": "rework_events",
            "total_cost": "total_cost",
            "agent_time_ms": "total_duration_ms",
        },
        # MetricFlow also lists providers that only have outcomes in the window.
        present="total_runs",
    ),
    Comparison(
        "handoff_{days}d",
        ORG,
        {
            "avg_review_latency_ms": "avg_review_latency_ms_unrounded",
            "acceptance_rate": "acceptance_rate_unrounded",
            "override_frequency": "override_frequency_unrounded",
            "handoff_friction_score": "handoff_friction_score_unrounded",
            "decisions": "decisions",
            "approved_decisions": "approved_decisions",
            "timed_decisions": "timed_decisions",
            "overrides": "overrides",
        },
    ),
    Comparison(
        "(select org_id, unnest(override_timeline, recursive := true) from handoff_{days}d)",
        {"org": "org_id", "metric_time__day": '"date"'},
        {"overrides": '"count"'},
    ),
    Comparison(
        "(select org_id, unnest(phases).throughput as throughput, "
        "unnest(phases_unrounded, recursive := true) from phase_{days}d)",
        {"org": "org_id", "station": "phase"},
        {
            "phase_avg_cycle_time_ms": "avg_cycle_time_ms",
            "avg_cost_usd": "avg_cost_usd",
            "throughput": "throughput",
            "total_cost": "total_cost",
        },
    ),
    Comparison(
        "phase_{days}d",
        ORG,
        {
            "total_reworks": "total_reworks",
            "total_issues": "total_completed",
            "avg_cycles_per_issue": "avg_cycles_per_issue_unrounded",
        },
    ),
    Comparison(
        "(select org_id, total_completed, "
        "unnest(escalation_distribution, recursive := true) from phase_{days}d)",
        {"org": "org_id", "issue_strategy__escalation_strategy": "strategy"},
        {
            "escalated_issues": '"count"',
            "escalation_pct": '100.0 * "count" / total_completed',
        },
    ),
    Comparison(
        "devops_{days}d",
        ORG,
        {
            "uptime_pct": "uptime_pct_unrounded",
            "downtime_us": "downtime_us",
            "active_deployments": "active_deployments",
            "open_incidents": "open_incidents",
            "deployment_frequency": "deployments_per_day_unrounded",
            "change_failure_rate": "change_failure_pct_unrounded",
            "lead_time_for_changes_ms": "lead_time_ms_unrounded",
            "mean_time_to_recovery_ms": "recovery_time_ms_unrounded",
            "changes": "changes",
            "failed_changes": "failed_changes",
            "timed_changes": "timed_changes",
            "recovered_incidents": "recovered_incidents",
            "observed_us": "datediff('microsecond', window_start, as_of)",
            "pipelines": "len(pipelines)",
            "deployments": "len(deployments)",
            "incidents": "len(incidents)",
        },
    ),
]

COMPARISONS = [comparison.with_hours() for comparison in COMPARISONS]

# An incident that is resolved just after the as-of: chance seldom makes one.
LATE_RESOLUTION: list[Row] = [
    {
        "id": event_type,
        "org_id": "resolved late",
        "event_type": event_type,
        "occurred_at": occurred_at,
        "ingested_at": occurred_at,
        "payload": {"incidentId": "i", "severity": "critical"},
    }
    for event_type, occurred_at in [
        ("incident.opened", "2026-06-30T11:00:00Z"),
        ("incident.resolved", "2026-06-30T12:00:00.000001Z"),
    ]
]

# What other metrics are made of, and no mart has by itself.
WITHOUT_COUNTERPART = {
    "issues_of_all_strategies",
    "phase_time_us",
    "recovery_time_us",
    "review_latency_us",
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory, seed: int) -> Warehouse:
    """Build all models over the demo's and the hostile logs, and publish them like a home does."""
    warehouse = Warehouse(tmp_path_factory.mktemp("semantic"))
    raw = warehouse.folder / "raw"
    instant = as_instant(AS_OF)
    assert instant is not None
    rng = random.Random(seed)
    factories = [
        random_factory(rng, f"hostile {number}", instant, is_extreme=number < EXTREME_ORGS)
        for number in range(HOSTILE_ORGS)
    ]
    events, runs = (
        [row for factory in factories[:EXTREME_ORGS] for row in factory[log]]
        + [
            real_settings.with_real_contents(rng, row)
            for factory in factories[EXTREME_ORGS:]
            for row in factory[log]
        ]
        for log in (0, 1)
    )
    write_logs(raw, events + LATE_RESOLUTION, runs, rng)
    for log in ("factory_events", "factory_metrics"):
        shutil.copy(ROOT / f"seeds/raw/{log}.csv", raw / log / "demo.csv")
    variables = real_settings.random_settings(rng, warehouse.folder / "seeds") | {"runs_from": "both"}
    variables |= {"raw_path": str(raw), "as_of": AS_OF, "max_rejected_share": 1, "list_limit": 100_000}
    warehouse.build(json.dumps(variables), "--exclude-resource-type", "test", without=(BI, ALL_ROWS))
    # `mf` looks for the manifest in the project's target folder.
    (warehouse.folder / "dbt_project.yml").symlink_to(ROOT / "dbt_project.yml")
    version = warehouse.folder / "versions" / "00000012.duckdb"
    version.parent.mkdir()
    warehouse.file.rename(version)
    warehouse.file.symlink_to(version)
    return warehouse


@pytest.fixture(scope="module")
def manifest(warehouse: Warehouse) -> dict[str, Any]:
    """Return what dbt hands to MetricFlow."""
    text = (warehouse.folder / "target" / "semantic_manifest.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def run(warehouse: Warehouse, *command: str | Path, text: str = "") -> str:
    """Run a command as a reader of the warehouse and return its output."""
    environment = os.environ | {
        "FACTORY_WAREHOUSE": str(warehouse.file),
        "DBT_TARGET": "reader",
        "DBT_PROJECT_DIR": str(warehouse.folder),
        "DBT_PROFILES_DIR": str(ROOT),
    }
    result = subprocess.run(
        command,
        cwd=warehouse.folder,
        env=environment,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"{command} failed:\n{result.stdout}{result.stderr}"
    return result.stdout


def ask(warehouse: Warehouse, questions: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the rows of the answer to each question, see semantic_worker.py."""
    worker = Path(__file__).with_name("semantic_worker.py")
    answers: list[list[dict[str, Any]]] = json.loads(
        run(warehouse, sys.executable, worker, text=json.dumps(questions))
    )
    return answers


def window(days: int) -> dict[str, str]:
    last_day = date.fromisoformat(AS_OF[:10])
    return {"start": str(last_day - timedelta(days=days - 1)), "end": str(last_day)}


def numbers_of_mart(
    connection: duckdb.DuckDBPyConnection, comparison: Comparison, days: int
) -> dict[str, Numbers]:
    columns = [*comparison.keys.values(), *comparison.metrics.values()]
    query = f"select {', '.join(columns)} from {comparison.rows}".replace("{days}", str(days))
    rows = connection.execute(query).fetchall()
    n_keys = len(comparison.keys)
    return {
        metric: {tuple(map(str, row[:n_keys])): float(row[n_keys + place]) for row in rows}
        for place, metric in enumerate(comparison.metrics)
    }


def numbers_of_answer(rows: list[dict[str, Any]], comparison: Comparison) -> dict[str, Numbers]:
    """Return each metric's numbers by key; where the semantic layer has none, it is 0."""
    return {
        metric: {
            tuple(str(row[key]).removesuffix(" 00:00:00") for key in comparison.keys): float(row[metric] or 0)
            for row in rows
            if not comparison.present or row[comparison.present]
        }
        for metric in comparison.metrics
    }


def differences(expected: Numbers, found: Numbers) -> list[str]:
    return [
        f"{key}: the mart has {expected.get(key, 0)!r}, MetricFlow {found.get(key, 0)!r}"
        for key in sorted(expected.keys() | found.keys(), key=str)
        if expected.get(key, 0) != pytest.approx(found.get(key, 0), rel=1e-9, abs=1e-12)
    ]


def test_every_metric_agrees_with_the_marts(warehouse: Warehouse, manifest: dict[str, Any]) -> None:
    saved = [{"saved_query": query["name"], **window(90)} for query in manifest["saved_queries"]]
    asked = [(comparison, days) for comparison in COMPARISONS for days in RANGES]
    questions = [
        {"metrics": list(comparison.metrics), "group_by": list(comparison.keys), **window(days)}
        for comparison, days in asked
    ]
    answers = ask(warehouse, [*questions, *saved])
    assert all(answers), "a saved query has no answer"

    problems = []
    # A number that is 0 everywhere would agree with nothing at all.
    seen: set[str] = set()
    with duckdb.connect(str(warehouse.file), read_only=True) as connection:
        for (comparison, days), answer in zip(asked, answers[: len(asked)], strict=True):
            expected = numbers_of_mart(connection, comparison, days)
            found = numbers_of_answer(answer, comparison)
            for metric in comparison.metrics:
                seen |= {metric} if any(expected[metric].values()) else set()
                problems += [
                    f"{metric}, {days} days, {text}" for text in differences(expected[metric], found[metric])
                ]
    assert not problems, "\n".join(problems[:20])
    assert seen == {metric for comparison in COMPARISONS for metric in comparison.metrics}


def test_every_view_can_be_read_whole(warehouse: Warehouse) -> None:
    """Whatever the logs hold: one org's rows must not break a view for all."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse.file}' as published (read_only)")
        views = [
            (path.stem, "semantic" if folder == "semantic" else "main")
            for folder in ("drill_down", "semantic")
            for path in (ROOT / "models" / folder).glob("*.sql")
        ]
        for name, schema in views:
            connection.execute(f"create table {name} as select * from published.{schema}.{name}")
        [(longest, costliest)] = connection.execute(
            "select max(duration_ms), max(cost_usd) from counted_runs"
        ).fetchall()
    assert (longest, costliest) == (2.0**63, 1e19)  # the largest that there are, as floats


def test_every_metric_is_compared(manifest: dict[str, Any]) -> None:
    compared = {metric for comparison in COMPARISONS for metric in comparison.metrics}
    assert {metric["name"] for metric in manifest["metrics"]} == compared | WITHOUT_COUNTERPART
    assert not compared & WITHOUT_COUNTERPART


def test_everything_is_described(manifest: dict[str, Any]) -> None:
    elements = [*manifest["metrics"], *manifest["saved_queries"], *manifest["semantic_models"]]
    for model in manifest["semantic_models"]:
        elements += [*model["entities"], *model["dimensions"], *model["measures"]]
    bare = [element["name"] for element in elements if not (element["description"] and element["label"])]
    assert not bare


def test_the_command_reads_what_is_published(
    warehouse: Warehouse, pool: ThreadPoolExecutor, tmp_path: Path
) -> None:
    # While another reader has it open, nobody can open it to write.
    with duckdb.connect(str(warehouse.file), read_only=True) as connection:
        validated = pool.submit(run, warehouse, MF, "validate-configs")
        last_week = "{{ TimeDimension('metric_time', 'day') }} > (select as_of from clock) - interval 7 day"
        options = ("--saved-query", "aggregate", "--where", last_week, "--csv", tmp_path / "answer.csv")
        run(warehouse, MF, "query", *options)
        with (tmp_path / "answer.csv").open(encoding="utf-8") as file:
            found = {row["org"]: float(row["total_cost"] or 0) for row in csv.DictReader(file)}
        expected = connection.execute("select org_id, total_cost_unrounded from aggregate_7d").fetchall()
        assert found == {org: pytest.approx(float(cost)) for org, cost in expected}
        assert "ERRORS: 0" in validated.result()
