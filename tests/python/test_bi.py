"""BI tools' views are flat and have the documents' numbers, now and one window earlier, by org and project.

The documents come from the independent computation, over random hostile factories.
"""

import random
import re
import shutil
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import ALL_ROWS, DRILL_DOWN, ROOT, SEMANTIC, Warehouse
from hostile.columns import Row
from hostile.factories import random_factory
from hostile.typed import append_to_tables
from reference import Expected, compute
from reference_rows import DAY, as_instant

from factory_metrics.postgres import load_extension
from factory_metrics.runs import run_history
from factory_metrics.runs.postgres_copy import Target, copy_version
from factory_metrics.runs.run_history import Run

AS_OF = "2026-03-01T00:00:00Z"
RANGES = (7, 30, 90)
FLAT_TYPES = {"VARCHAR", "DATE", "TIMESTAMP", "BIGINT", "DOUBLE", "BOOLEAN"}
# A third of the factories each: as random as they come, of one project, of none.
PROJECTS = ("random", "p1", None)
FACTORIES = 30
EXTREME_FACTORIES = 6

# Views with one row per org and range, of a metric type or a part of it.
OBJECTS = {
    "aggregate": ("aggregate", None),
    "cost": ("cost", None),
    "handoff": ("handoff", None),
    "rework_loops": ("phase", "reworkLoops"),
    "devops": ("devops", "infra"),
}
# Views with one row per element of a list: metric type, the list (unless it is the document), key, order.
LISTS = {
    "station": ("station", None, "station", "station_position"),
    "provider": ("provider", None, "provider", "provider_position"),
    "cost_by_day": ("cost", "costTrend", "date", "date"),
    "cost_by_station": ("cost", "costPerStation", "station", "cost_position"),
    "overrides_by_day": ("handoff", "overrideTimeline", "date", "date"),
    "phase": ("phase", "phases", "phase", "phase_position"),
    "escalations": ("phase", "escalationDistribution", "strategy", "strategy"),
    "pipelines": ("devops", "pipelines", None, "list_position"),
    "deployments": ("devops", "deployments", None, "list_position"),
    "incidents": ("devops", "incidents", None, "list_position"),
}
VIEWS = sorted(path.stem for path in (ROOT / "models" / "bi").glob("*.sql"))
# What means, medians and shares are made of: without any of it they are 0, which is no value to compare.
BASES = {
    ("aggregate", "avg_cycle_time_ms"): ["total_issues"],
    ("aggregate", "avg_yield"): ["total_issues"],
    ("station", "cycle_time_ms"): ["exited_visits"],
    ("station", "yield"): ["exited_issues"],
    ("cost", "avg_cost_per_issue"): ["total_issues"],
    ("cost", "human_time_pct"): ["human_time_ms", "agent_time_ms"],
    ("cost", "agent_time_pct"): ["human_time_ms", "agent_time_ms"],
    ("cost_by_station", "cost"): ["total_issues"],
    ("provider", "success_rate"): ["completed_events", "rework_events"],
    ("provider", "avg_cost"): ["reported_cost_runs", "computed_cost_runs"],
    ("provider", "avg_duration_ms"): ["timed_runs"],
    ("provider", "cost_efficiency"): ["completed_events", "rework_events"],
    ("handoff", "avg_review_latency_ms"): ["timed_decisions"],
    ("handoff", "acceptance_rate"): ["decisions"],
    ("handoff", "override_frequency"): ["decisions"],
    ("handoff", "handoff_friction_score"): ["decisions"],
    ("phase", "avg_cycle_time_ms"): ["throughput"],
    ("phase", "avg_cost_usd"): ["throughput"],
    ("rework_loops", "avg_cycles_per_issue"): ["total_completed"],
}
COMPARED = [*OBJECTS, "station", "provider", "cost_by_station", "phase", "escalations"]


def _of_project(row: Row, project: str | None) -> Row:
    """Return a row of a project, which its payload may not name another for."""
    payload = row.get("payload")
    if isinstance(payload, dict):
        row = {**row, "payload": {key: value for key, value in payload.items() if key != "projectId"}}
    return {**row, "project_id": project}


class Factories:
    """Hostile factories in a warehouse with views, and what the reference makes of them."""

    def __init__(self, folder: Path, seed: int) -> None:
        """Land the rows as tables, and build."""
        rng = random.Random(f"{seed} views")
        as_of = as_instant(AS_OF)
        assert as_of is not None
        events: list[Row] = []
        runs: list[Row] = []
        for number in range(FACTORIES):
            project = PROJECTS[number % 3]
            factory = random_factory(rng, f"org-{number}", as_of, is_extreme=number < EXTREME_FACTORIES)
            for rows, log in zip(factory, (events, runs), strict=True):
                log += [row if project == "random" else _of_project(row, project) for row in rows]
        folder.mkdir(exist_ok=True)
        append_to_tables(folder / "landed.duckdb", "landing", events, runs)
        self.seed = seed
        self.warehouse = Warehouse(folder)
        self.warehouse.build(
            f"{{raw_database: '{folder / 'landed.duckdb'}', raw_schema: landing, as_of: '{AS_OF}', "
            "max_rejected_share: 1}",
            *("--exclude-resource-type", "test"),
            without=(SEMANTIC, DRILL_DOWN, ALL_ROWS),
        )
        self.now = compute(events, runs, as_of)
        self.before = {days: compute(events, runs, as_of - days * DAY) for days in RANGES}

        # Each view is computed once, by a connection that knows the warehouse under another name, as readers
        # may.
        self.copies = duckdb.connect()
        self.copies.execute(f"attach '{self.warehouse.file}' as published (read_only)")
        for view in VIEWS:
            self.copies.execute(f"create table {view} as select * from published.main.{view}")

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Return what a query finds in the views, as the documents write values."""
        found = self.copies.execute(query)
        names = [column[0] for column in found.description]
        return [dict(zip(names, map(as_json, row), strict=True)) for row in found.fetchall()]


@pytest.fixture(scope="module")
def factories(tmp_path_factory: pytest.TempPathFactory, seed: int) -> Factories:
    """Build once for all tests."""
    return Factories(tmp_path_factory.mktemp("bi") / "warehouse", seed)


def as_json(value: object) -> object:
    """Return a value as the documents write it."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds") + "Z"
    return value.isoformat() if isinstance(value, date) else value


def snake_case(name: str) -> str:
    return re.sub("([A-Z])", lambda match: f"_{match[1].lower()}", name)


def scalars(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that are neither lists nor objects, as columns."""
    return {snake_case(name): value for name, value in fields.items() if not isinstance(value, dict | list)}


def expected_rows(outcome: Expected, view: str, days: int) -> dict[tuple[str, Any], dict[str, Any]]:
    """Return what a view has to say for a range: the columns of each org, and of each element of its list.

    The second part of a key is the element's own key, or its place from 1 where it has none.
    """
    rows: dict[tuple[str, Any], dict[str, Any]] = {}
    for org, documents in outcome.documents.items():
        if view in OBJECTS:
            metric_type, part = OBJECTS[view]
            metrics: Any = documents[metric_type, days]["metrics"]
            rows[org, None] = scalars(metrics[part] if part else metrics)
            continue
        metric_type, part, key, _ = LISTS[view]
        metrics = documents[metric_type, days]["metrics"]
        for place, item in enumerate(metrics[part] if part else metrics, start=1):
            columns = scalars(item)
            rows[org, columns[key] if key else place] = columns
    return rows


def found_rows(
    factories: Factories, relation: str, view: str, days: int
) -> dict[tuple[str, Any], dict[str, Any]]:
    """Return the rows of a view for a range, by the same keys, in the order of the documents."""
    _, _, key, order = LISTS.get(view, (None, None, None, "org_id"))
    query = f"select * from {relation} where time_range = '{days}d' order by org_id, {order}"
    keyed = key or (order if view in LISTS else None)
    return {(row["org_id"], row[keyed] if keyed else None): row for row in factories.rows(query)}


@pytest.mark.parametrize("view", [*OBJECTS, *LISTS])
def test_views_have_every_field_of_the_documents(view: str, factories: Factories) -> None:
    for days in RANGES:
        expected = expected_rows(factories.now, view, days)
        found = found_rows(factories, f"bi_{view}", view, days)
        assert [key for key in found if key[0] != ""] == sorted(expected, key=lambda key: key[0])
        for key, columns in expected.items():
            assert {name: found[key][name] for name in columns} == columns, (factories.seed, days, key)


def then_had_rows(factories: Factories, view: str, name: str, days: int, key: tuple[str, Any]) -> bool | None:
    """Tell from the documents of then whether there was anything to measure; None where they do not say."""
    columns = expected_rows(factories.before[days], view, days)[key]
    match view, name:
        case "cost", "human_time_pct" | "agent_time_pct":
            return bool(columns["human_time_pct"] + columns["agent_time_pct"])
        case "aggregate" | "cost" | "cost_by_station", _:
            summary: Any = factories.before[days].documents[key[0]]["aggregate", days]["metrics"]
            return bool(summary["totalIssues"])
        case "phase", _:
            return bool(columns["throughput"])
        case "rework_loops", _:
            return bool(columns["total_completed"])
        case "handoff", "acceptance_rate" | "override_frequency" | "handoff_friction_score":
            return any(
                columns[rate] for rate in ("acceptance_rate", "override_frequency", "handoff_friction_score")
            )
    return None


@pytest.mark.parametrize("view", COMPARED)
def test_the_previous_window_is_that_of_the_documents_of_then(view: str, factories: Factories) -> None:
    compared = 0
    for days in RANGES:
        now = expected_rows(factories.now, view, days)
        before = expected_rows(factories.before[days], view, days)
        found = found_rows(factories, f"bi_{view}_extended", view, days)
        assert set(found) == set(now)
        for key, columns in now.items():
            row = found[key]
            assert {name: row[name] for name in columns} == columns, (factories.seed, days, key)
            for name in columns:
                if f"previous_{name}" not in row:
                    continue
                previous = before[key][name] if key in before else None
                assert row[f"previous_{name}"] == previous, (factories.seed, days, key, name)
                base = BASES.get((view, name))
                had_rows = then_had_rows(factories, view, name, days, key) if base and key in before else None
                if (
                    previous is None
                    or (base and not sum(row[column] for column in base))
                    or (name == "cost_efficiency" and row["avg_cost_change"] is None)
                    or had_rows is False
                ):
                    assert row[f"{name}_change"] is None, (factories.seed, days, key, name)
                    assert row.get(f"{name}_change_share") is None
                elif row[f"{name}_change"] is None:
                    # Documents do not say whether there was anything; a number that is not 0 is of something.
                    assert base
                    assert had_rows is None
                    assert previous == 0
                else:
                    assert row[f"{name}_change"] == pytest.approx(
                        columns[name] - previous, abs=1e-4, rel=1e-12
                    )
                    compared += previous != 0
    assert compared > 0


@pytest.mark.parametrize("view", ["aggregate", "cost", "provider"])
def test_views_count_runs_by_where_their_cost_is_from(view: str, factories: Factories) -> None:
    seen = set()
    for days in RANGES:
        for row in factories.rows(f"select * from bi_{view}_extended where time_range = '{days}d'"):
            for outcome, prefix in ((factories.now, ""), (factories.before[days], "previous_")):
                runs = outcome.cost_sources.get((row["org_id"], days), Counter())
                for source in ("reported", "computed", "unknown"):
                    expected = sum(
                        count
                        for (provider, from_source), count in runs.items()
                        if from_source == source and row.get("provider", provider) == provider
                    )
                    # Of what was not there then, nothing is said.
                    found = row[f"{prefix}{source}_cost_runs"]
                    assert found == expected or (prefix and not expected and found is None), (days, row)
                    seen |= {prefix + source} if expected else set()
    assert {"reported", "unknown", "previous_reported", "previous_unknown"} <= seen


def test_texts_of_dora_metrics_are_numbers_too(factories: Factories) -> None:
    for row in factories.rows("select * from bi_devops"):
        assert float(row["deployment_frequency"].removesuffix("/day")) == pytest.approx(
            row["deployments_per_day"], abs=0.005001
        )
        for text, number in (
            ("change_failure_rate", "change_failure_pct"),
            ("lead_time_for_changes", "lead_time_ms"),
            ("mean_time_to_recovery", "recovery_time_ms"),
        ):
            assert (row[text] == "n/a") == (row[number] is None)
        if row["change_failure_pct"] is not None:
            shown = float(row["change_failure_rate"].removesuffix("%"))
            assert shown == pytest.approx(row["change_failure_pct"], abs=0.050001)


@pytest.mark.parametrize("view", COMPARED)
def test_an_org_of_one_project_has_its_numbers(view: str, factories: Factories) -> None:
    """Also the org whose rows name no project."""
    one_project = f"org_id in ({', '.join(repr(f'org-{n}') for n in range(FACTORIES) if n % 3)})"
    by_org = f"select * from bi_{view}_extended where {one_project}"
    by_project = f"select * exclude (project_id) from bi_project_{view} where {one_project}"
    assert factories.rows(by_org)
    assert factories.rows(f"({by_org}) except all ({by_project})") == []
    assert factories.rows(f"({by_project}) except all ({by_org})") == []


@pytest.mark.parametrize("view", ["cost_by_day", "overrides_by_day"])
def test_days_of_projects_add_up_to_those_of_the_org(view: str, factories: Factories) -> None:
    measure = {"cost_by_day": "cost", "overrides_by_day": "count"}[view]
    query = f"""
        select org_id, time_range, date, by_org.total, by_project.total
        from (select org_id, time_range, date, {measure} as total from bi_{view}) as by_org
        full join (
            select org_id, time_range, date, sum({measure}) as total
            from bi_project_{view} group by all
        ) as by_project using (org_id, time_range, date)
        where not coalesce(abs(by_org.total - by_project.total) < 0.001, false)
    """
    assert factories.rows(query) == []


ADDITIVE = {
    "aggregate": ["total_issues", "first_pass_issues", "previous_total_issues", "unknown_cost_runs"],
    "station": ["wip_count", "exited_visits"],
    "provider": ["total_runs", "timed_runs", "reported_cost_runs", "unknown_cost_runs"],
    "handoff": ["decisions", "approved_decisions", "timed_decisions", "overrides"],
    "rework_loops": ["total_reworks", "total_completed"],
    "escalations": ["count"],
    "devops": ["active_deployments", "open_incidents", "changes", "failed_changes", "recovered_incidents"],
}


@pytest.mark.parametrize("view", ADDITIVE)
def test_projects_add_up_to_their_org(view: str, factories: Factories) -> None:
    key = f", {LISTS[view][2]}" if view in LISTS else ""
    for measure in ADDITIVE[view]:
        by_org, by_project = (
            f"select org_id, time_range{key}, sum({measure}) as n from {table} group by all having n > 0"
            for table in (f"bi_{view}_extended", f"bi_project_{view}")
        )
        assert factories.rows(by_org)
        assert factories.rows(f"({by_org}) except all ({by_project})") == [], measure
        assert factories.rows(f"({by_project}) except all ({by_org})") == [], measure


@pytest.mark.parametrize(
    ("view", "percentile", "median"),
    [
        ("aggregate", "cycle_time_p50_ms", "avg_cycle_time_ms"),
        ("station", "cycle_time_p50_ms", "cycle_time_ms"),
    ],
)
def test_the_50th_percentile_is_the_median(
    view: str, percentile: str, median: str, factories: Factories
) -> None:
    rows = factories.rows(f"select {percentile} as found, {median} as median from bi_project_{view}")
    assert any(row["found"] for row in rows)
    assert [row for row in rows if (row["found"] or 0) != row["median"]] == []


def test_the_copy_in_postgresql_is_the_same(factories: Factories, postgresql: str, tmp_path: Path) -> None:
    version = tmp_path / "version.duckdb"
    shutil.copyfile(factories.warehouse.file, version)
    run = Run(started_at="2026-07-01 00:00:01.000001", published_version=1, as_of="2026-03-01")
    run_history.write_table(version, tmp_path / "runs.jsonl", run)
    target = Target(postgresql, "Hostile")
    assert copy_version(version, target) == len(VIEWS)
    with duckdb.connect() as connection:
        load_extension(connection)
        connection.execute(f"attach '{postgresql}' as target (type postgres, read_only)")
        for view in VIEWS:
            found = connection.execute(f'from target."{target.schema}".{view} order by all').fetchall()
            expected = factories.copies.execute(f"from {view} order by all").fetchall()
            assert found == expected, view


def test_percentiles_of_the_largest_measures(factories: Factories) -> None:
    """One run of the longest duration would overflow 64 bits as a float."""
    longest = factories.rows(
        "select max(duration_p95_ms) as longest, max(avg_duration_ms) as mean from bi_project_provider"
    )
    assert longest == [{"longest": 2**63 - 1, "mean": 2**63 - 1}]


def test_durations_are_there_in_hours_too(factories: Factories) -> None:
    query = (
        "select table_name, column_name from duckdb_columns() where database_name = 'memory' and not internal"
    )
    columns = {(row["table_name"], row["column_name"]) for row in factories.rows(query)}
    durations = {(view, name) for view, name in columns if name.endswith(("_ms", "_ms_change"))}
    assert len(durations) > 90
    seen = set()
    for view, name in durations:
        hours = name.replace("_ms", "_hours")
        assert (view, hours) in columns
        for row in factories.rows(f"select {name} as ms, {hours} as hours from {view}"):
            assert row["hours"] == (None if row["ms"] is None else pytest.approx(row["ms"] / 3_600_000))
            seen |= {name} if row["ms"] else set()
    # Chance seldom makes a lead time in the window before.
    now = {name for _, name in durations if not name.startswith("previous_") and not name.endswith("_change")}
    assert now <= seen
    assert {"previous_avg_cycle_time_ms", "avg_cycle_time_ms_change"} <= seen


def test_views_are_flat(factories: Factories) -> None:
    query = (
        "select table_name, data_type from duckdb_columns() where database_name = 'memory' and not internal"
    )
    types = factories.rows(query)
    assert {row["table_name"] for row in types} == set(VIEWS)
    assert [row for row in types if row["data_type"] not in FLAT_TYPES] == []
