"""A real BI client, Apache Superset, on what is published: run by `make test-bi`.

A real server in an environment of its own, `.venv-bi`, asked over HTTP as its pages ask it, and in a browser.
One process with threads, so that queries of several users share it and DuckDB's one handle of a file.
"""

import json
import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self

import duckdb
import pytest
import requests
from conftest import ROOT
from dashboard_page import on_screen, opened
from refreshed_home import PUBLISHED, RefreshedHome
from superset_client import PYTHON, Superset, running

from factory_metrics.bi.dashboard import TABS
from factory_metrics.bi.flat_views import flat_views
from factory_metrics.bi.superset import charts
from factory_metrics.documents.contract import METRIC_TYPES
from factory_metrics.documents.warehouse import open_warehouse
from factory_metrics.postgres import load_extension
from factory_metrics.runs.publishing import Home

AS_OF = datetime(2026, 6, 29, 12, tzinfo=UTC)

# Superset's GenericDataType of the types that the views' contracts promise.
NUMERIC, STRING, TEMPORAL, BOOLEAN = range(4)
GENERIC_TYPES = {
    "varchar": STRING,
    "bigint": NUMERIC,
    "double": NUMERIC,
    "date": TEMPORAL,
    "timestamp": TEMPORAL,
    "boolean": BOOLEAN,
}

View = dict[str, str]  # columns with the types of the contract


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory) -> RefreshedHome:
    """Publish a first version."""
    folder = tmp_path_factory.mktemp("factory")
    factory = RefreshedHome(Home(folder / "home"), folder / "logs")
    factory.land("--end", text(AS_OF), events=3000)
    result = factory.refresh(as_of=text(AS_OF))
    assert result.returncode == PUBLISHED, result.stderr
    return factory


@pytest.fixture(scope="module")
def uri(factory: RefreshedHome) -> str:
    """Return the address that the README tells users to enter."""
    return f"duckdb:///{factory.home.published}?access_mode=read_only&enable_external_access=false"


@pytest.fixture(scope="module")
def views(factory: RefreshedHome) -> dict[str, View]:
    """Return the flat views, with the types that their contracts promise (dbt has made them so)."""
    with open_warehouse(factory.home.published) as warehouse:
        found = flat_views(warehouse)
    return {view.name: {column.name: column.type.lower() for column in view.columns} for view in found}


@pytest.fixture(scope="module")
def superset(uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Superset]:
    """Start a Superset, and import the ready-made dashboard as the README says."""
    assert PYTHON.exists(), "Superset is not installed: run `make test-bi`"
    folder = tmp_path_factory.mktemp("superset")
    bundle = folder / "dashboard.zip"
    command = [sys.executable, "scripts/pack_dashboard.py", "--uri", uri, "--out", str(bundle)]
    subprocess.run(command, cwd=ROOT, check=True)
    with running(folder, bundle) as server:
        yield server


@pytest.fixture(scope="module")
def datasets(superset: Superset) -> dict[str, int]:
    """Return the datasets by the name of their view."""
    found = superset.call("GET", "dataset/?q=(page_size:100)")["result"]
    return {dataset["table_name"]: dataset["id"] for dataset in found}


def text(instant: datetime) -> str:
    return instant.isoformat()


def read(factory: RefreshedHome, query: str) -> list[tuple[Any, ...]]:
    """Ask DuckDB itself."""
    with duckdb.connect(str(factory.home.published.resolve()), read_only=True) as connection:
        return connection.execute(query).fetchall()


def with_all_columns(views: dict[str, View]) -> dict[str, View]:
    """Return the fewest views that have every column, by its name and type, as each takes seconds."""
    chosen: dict[str, View] = {}
    wanted = {column for columns in views.values() for column in columns.items()}
    while wanted:
        best = max(views, key=lambda name: len(wanted & {*views[name].items()}))
        chosen[best] = views[best]
        wanted -= {*views[best].items()}
    return chosen


def hours(milliseconds: float) -> float:
    return milliseconds / 3_600_000


def minute(instant: str | None) -> str | None:
    """Return a document's time as tables show it."""
    return instant and instant[:16].replace("T", " ")


def as_json(value: object) -> object:
    """Return a value of DuckDB's as Superset's answers have it: times in milliseconds since 1970."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).timestamp() * 1000
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000
    return value


def is_same(kind: str, found: object, expected: object) -> bool:
    if isinstance(found, int | float) and isinstance(expected, int | float):
        # Superset's times end with the millisecond.
        return math.isclose(
            found, expected, rel_tol=1e-12, abs_tol=1 if GENERIC_TYPES[kind] == TEMPORAL else 0
        )
    return found == expected


def test_there_is_a_dataset_for_each_flat_view(datasets: dict[str, int], views: dict[str, View]) -> None:
    assert sorted(datasets) == sorted(views)


def test_a_connection_by_hand_offers_the_views(
    superset: Superset, uri: str, views: dict[str, View], datasets: dict[str, int]
) -> None:
    database = {"database_name": "by hand", "sqlalchemy_uri": uri}
    superset.call("POST", "database/test_connection/", json=database)
    number = superset.call("POST", "database/", json={**database, "expose_in_sqllab": True})["id"]
    tables = superset.call("GET", f"database/{number}/tables/?q=(schema_name:main)")["result"]
    assert {*views} <= {table["value"] for table in tables}
    query = {"database_id": number, "schema": "main", "sql": "select count(*) as orgs from bi_aggregate"}
    assert superset.call("POST", "sqllab/execute/", json=query)["data"] == [{"orgs": 9}]
    assert datasets


def test_it_cannot_write(superset: Superset, factory: RefreshedHome, datasets: dict[str, int]) -> None:
    [database] = superset.call(
        "GET", "database/?q=(filters:!((col:database_name,opr:eq,value:'Factory metrics')))"
    )["result"]
    superset.call("PUT", f"database/{database['id']}", json={"allow_dml": True})
    before = factory.home.published.resolve().read_bytes()
    query = {"database_id": database["id"], "schema": "main", "sql": "create table mine as select 1 as one"}
    answer = superset.session.post(f"{superset.url}/api/v1/sqllab/execute/", json=query, timeout=60)
    superset.call("PUT", f"database/{database['id']}", json={"allow_dml": False})
    assert not answer.ok
    assert "read-only" in answer.text
    assert factory.home.published.resolve().read_bytes() == before
    assert datasets


def test_every_column_has_the_right_type(
    superset: Superset, datasets: dict[str, int], views: dict[str, View]
) -> None:
    for name, columns in with_all_columns(views).items():
        declared = superset.call("GET", f"dataset/{datasets[name]}")["result"]["columns"]
        superset.call("PUT", f"dataset/{datasets[name]}/refresh")
        found = superset.call("GET", f"dataset/{datasets[name]}")["result"]["columns"]
        types = {column["column_name"]: column["type_generic"] for column in found}
        assert types == {column: GENERIC_TYPES[kind] for column, kind in columns.items()}, name
        times = {column["column_name"] for column in found if column["is_dttm"]}
        assert times == {column for column, kind in columns.items() if GENERIC_TYPES[kind] == TEMPORAL}
        # What was imported is what Superset finds itself.
        assert {column["column_name"]: column["type"] for column in declared} == {
            column["column_name"]: column["type"] for column in found
        }, name


def test_every_view_is_read_whole(
    superset: Superset, factory: RefreshedHome, datasets: dict[str, int], views: dict[str, View]
) -> None:
    for name, columns in views.items():
        names = ", ".join(f'"{column}"' for column in columns)
        expected = read(factory, f"select {names} from {name} order by all")
        order = [[column, True] for column in columns]
        result = superset.query(datasets[name], columns=[*columns], orderby=order)
        kinds = dict(zip(result["colnames"], result["coltypes"], strict=True))
        key = [column for column in columns if columns[column] in {"varchar", "date"} or "position" in column]
        found = sorted(result["data"], key=lambda row: [str(row[column]) for column in key])
        rows = [dict(zip(columns, map(as_json, row), strict=True)) for row in expected]
        rows.sort(key=lambda row: [str(row[column]) for column in key])
        assert len(found) == len(rows) > 0, name
        for one, other in zip(found, rows, strict=True):
            wrong = [column for column in columns if not is_same(columns[column], one[column], other[column])]
            assert not wrong, (name, wrong, one, other)
        for column, kind in columns.items():
            # A column that is null in all rows has no type in an answer.
            if any(row[column] is not None for row in rows):
                assert kinds[column] == GENERIC_TYPES[kind], (name, column)


def test_charts_of_all_columns_are_right(
    superset: Superset, factory: RefreshedHome, datasets: dict[str, int], views: dict[str, View]
) -> None:
    for name, columns in with_all_columns(views).items():
        by = [column for column, kind in columns.items() if kind in {"varchar", "date"}][:3]
        numbers = [column for column, kind in columns.items() if kind in {"bigint", "double"}][:3]
        sums = [f'sum("{column}")' for column in numbers] + ["count(*)"]
        metrics = [{"expressionType": "SQL", "sqlExpression": sql, "label": sql} for sql in sums]
        result = superset.query(datasets[name], columns=by, metrics=metrics)
        found = {tuple(row[column] for column in by): [row[sql] for sql in sums] for row in result["data"]}
        keys = ", ".join(f'"{column}"' for column in by)
        expected = read(factory, f"select {keys}, {', '.join(sums)} from {name} group by all")
        assert len(found) == len(expected) > 0, name
        for row in expected:
            values = [float(value) if value is not None else None for value in row[len(by) :]]
            chart = found[tuple(map(as_json, row[: len(by)]))]
            for one, other in zip(chart, values, strict=True):
                assert (one is None) == (other is None), (name, row)
                assert other is None or math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9), (name, row)


def test_the_dashboard_shows_the_documents_at_once(superset: Superset, factory: RefreshedHome) -> None:
    """In a browser: every tab as it is when it is opened, nothing chosen and no button pressed."""
    folder, length = factory.home.documents, "30d"
    org, *others = sorted(path.name for path in folder.iterdir() if path.is_dir())
    document = {
        kind: json.loads((folder / org / kind / f"{length}.json").read_bytes())["metrics"]
        for kind in METRIC_TYPES
    }
    aggregate, handoff, phase, devops = (
        document[kind] for kind in ("aggregate", "handoff", "phase", "devops")
    )
    infra, rework, cost = devops["infra"], phase["reworkLoops"], document["cost"]
    # Numbers of another org, or of all orgs, would be others.
    for other in others:
        assert (
            json.loads((folder / other / "aggregate" / f"{length}.json").read_bytes())["metrics"] != aggregate
        )

    numbers = {
        "Issues completed": aggregate["totalIssues"],
        "Cost, USD": aggregate["totalCost"],
        "Cycle time, hours": hours(aggregate["avgCycleTimeMs"]),
        "Yield, %": aggregate["avgYield"],
        "Issues per day": aggregate["throughputPerDay"],
        "Cost per issue, USD": cost["avgCostPerIssue"],
        "Time of people, %": cost["humanTimePct"],
        "Review latency, hours": hours(handoff["avgReviewLatencyMs"]),
        "Accepted, share": handoff["acceptanceRate"],
        "Overrides per decision": handoff["overrideFrequency"],
        "Friction": handoff["handoffFrictionScore"],
        "Reworks": rework["totalReworks"],
        "Rework cycles per issue": rework["avgCyclesPerIssue"],
    }
    names = ("deploymentFrequency", "leadTimeForChanges", "changeFailureRate", "meanTimeToRecovery")
    figures = [infra[name] for name in (*names, "uptimePct", "activeDeployments", "openIncidents")]
    tables = {
        "Stations": [
            [
                f"{place} {of['station']}",
                of["wipCount"],
                of["throughput"],
                hours(of["cycleTimeMs"]),
                of["yield"],
            ]
            for place, of in enumerate(document["station"], start=1)
        ],
        "Providers": [
            [
                # the cost of each run is known
                *(of["provider"], of["totalRuns"], 0, of["successRate"], of["avgCost"]),
                *(of["avgDurationMs"] / 60_000, of["costEfficiency"]),
            ]
            for of in document["provider"]
        ],
        "Phases": [
            [f"{place} {of['phase']}", hours(of["avgCycleTimeMs"]), of["avgCostUsd"], of["throughput"]]
            for place, of in enumerate(phase["phases"], start=1)
        ],
        "DORA metrics": [figures],
        "Pipelines": [
            [minute(of["startedAt"]), of["name"], of["status"], of["duration"], of["branch"]]
            for of in devops["pipelines"]
        ],
        "Deployments": [
            [minute(of["deployedAt"]), of["environment"], of["version"], of["status"], of["isRollback"]]
            for of in devops["deployments"]
        ],
        "Incidents": [
            [minute(of["openedAt"]), of["title"], of["severity"], of["status"], minute(of["resolvedAt"])]
            for of in devops["incidents"]
        ],
    }
    # Bars and pies are pictures: what they are drawn from.
    drawn = {
        "Work in progress and throughput": {
            "In progress": [of["wipCount"] for of in document["station"]],
            "Throughput": [of["throughput"] for of in document["station"]],
        },
        "Cost per issue by station, USD": {"Cost per issue": [of["cost"] for of in cost["costPerStation"]]},
        "Cost by day, USD": {"Cost": [of["cost"] for of in cost["costTrend"]]},
        "Overrides by day": {"Overrides": [of["count"] for of in handoff["overrideTimeline"]]},
        "Escalation strategies": {
            "Issues": sorted((of["count"] for of in phase["escalationDistribution"]), reverse=True)
        },
    }
    with opened(superset) as page:
        assert page.tabs() == [tab.title for tab in TABS]
        titles = page.open_tab("Organisation")
        assert {title: page.number(title) for title in numbers} == {
            title: on_screen(value) for title, value in numbers.items()
        }
        for title, rows in tables.items():
            assert page.table(title) == [[*map(on_screen, row)] for row in rows], title
        for title, points in drawn.items():
            for label, values in points.items():
                assert [row[label] for row in page.answers[title]] == values, title
        spread = sum(row["Cost, USD"] for row in page.answers["Cost by provider"])
        assert spread == pytest.approx(aggregate["totalCost"], abs=1e-3)
        [present] = page.table("Against the window before")
        assert present[:2] == [length, on_screen(aggregate["totalIssues"])]

        titles += page.open_tab("Projects")
        projects = read(
            factory,
            f"""
            select project_id, total_issues, previous_total_issues, total_cost, avg_cycle_time_ms / 3600000.0,
                avg_yield
            from bi_project_aggregate where org_id = '{org}' and time_range = '{length}' order by project_id
            """,
        )
        assert sum(row[1] for row in projects) == aggregate["totalIssues"]
        assert page.table("Projects") == [[*map(on_screen, row)] for row in projects]
        spread = sum(row["Cost"] for row in page.answers["Cost of projects by day, USD"])
        assert spread == pytest.approx(aggregate["totalCost"], abs=1e-2)

    assert sorted(titles) == sorted(chart.title for chart in charts())
    # No chart ever asked for anything else than what the filters show.
    for title, queries in page.asked.items():
        wanted = {"org_id": [org], "time_range": [length]}
        assert all(query == wanted for query in queries), (title, queries)


@dataclass
class Watch:
    """Asks one question again and again, in threads; notes each answer, its seconds, and what failed."""

    ask: Callable[[], Any]
    threads: int
    answers: list[Any] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Begin."""
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(self.threads)
        self._running = [self._pool.submit(self._watch) for _ in range(self.threads)]
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and wait for the last answers."""
        self._stop.set()
        self._pool.shutdown()
        for watching in self._running:
            watching.result()

    def _watch(self) -> None:
        while not self._stop.is_set():
            started = time.monotonic()
            try:
                self.answers.append(self.ask())
            except (AssertionError, requests.RequestException, duckdb.Error) as error:
                self.failures.append(str(error))
            self.seconds.append(time.monotonic() - started)
            time.sleep(0.05)


def test_reading_while_runs_publish(
    superset: Superset, factory: RefreshedHome, datasets: dict[str, int], postgresql: str
) -> None:
    latest = {"expressionType": "SQL", "sqlExpression": "max(as_of)", "label": "as_of"}

    def seen() -> float:
        [row] = superset.query(datasets["bi_station"], columns=[], metrics=[latest])["data"]
        return float(row["as_of"]) / 1000

    def copied() -> tuple[Any, ...]:
        with duckdb.connect() as connection:
            load_extension(connection)
            connection.execute(f"attach '{postgresql}' as target (type postgres, read_only)")
            query = """
                select
                    (select max(as_of)::text from factory_metrics.bi_station) as stations,
                    (select max(as_of)::text from factory_metrics.bi_cost_by_day) as costs,
                    (select max(as_of)::text from factory_metrics.published_tables) as published
            """
            [row] = connection.execute("select * from postgres_query('target', ?)", [query]).fetchall()
            return row

    to_postgres = ("--postgres-url", postgresql)
    result = factory.refresh(*to_postgres, as_of=text(AS_OF))
    assert result.returncode == PUBLISHED, result.stderr
    with Watch(seen, threads=4) as superset_watch, Watch(copied, threads=1) as postgres_watch:
        for day in (1, 2):
            as_of = AS_OF + timedelta(days=day)
            factory.land("--start", text(as_of - timedelta(days=1)), "--end", text(as_of), events=200)
            result = factory.refresh(*to_postgres, as_of=text(as_of))
            assert result.returncode == PUBLISHED, result.stderr
            # The very next question is answered from the new version.
            assert seen() == as_of.timestamp()
            assert copied() == (as_of.strftime("%Y-%m-%d %H:%M:%S"),) * 3
    assert not superset_watch.failures
    assert not postgres_watch.failures
    days = [(AS_OF + timedelta(days=day)).timestamp() for day in range(3)]
    assert sorted({*superset_watch.answers}) == days
    assert min(superset_watch.answers.count(day) for day in days) >= 1
    assert all(len({*row}) == 1 for row in postgres_watch.answers)
    assert len({row[0] for row in postgres_watch.answers}) == 3
    print(
        f"{len(superset_watch.seconds)} charts while 2 versions were published, "
        f"the slowest in {max(superset_watch.seconds):.1f} s"
    )
