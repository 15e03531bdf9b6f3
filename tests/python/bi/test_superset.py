"""A real BI client, Apache Superset, on what is published: run by `make test-bi`, as it takes minutes.

A real server in an environment of its own, `.venv-bi`, asked over HTTP as its pages ask it. One worker with
threads, so that queries of several users share one process, and with it DuckDB's one handle of a file.
"""

import json
import math
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import duckdb
import pytest
import requests
from conftest import ROOT
from test_refresh import PUBLISHED, Factory

from factory_metrics.postgres import load_extension
from factory_metrics.publishing import Home

PROGRAMS = ROOT / ".venv-bi" / "bin"
ADMIN = "admin"
AS_OF = datetime(2026, 6, 29, 12, tzinfo=UTC)

CONFIG = """
SECRET_KEY = "a test's, and of this server only"
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db"
TALISMAN_ENABLED = False
WTF_CSRF_ENABLED = False
RATELIMIT_ENABLED = False
"""

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


@dataclass
class Superset:
    """A Superset with its metadata in a folder; `url` is where it answers."""

    folder: Path
    url: str
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def environment(self) -> dict[str, str]:
        """What its programs are to know."""
        settings = {"SUPERSET_CONFIG_PATH": str(self.folder / "config.py"), "SUPERSET_HOME": str(self.folder)}
        return {**os.environ, **settings, "FLASK_APP": "superset.app:create_app()"}

    def run(self, *command: str) -> None:
        """Run Superset's own command, which must succeed."""
        result = subprocess.run(
            [PROGRAMS / "superset", *command],
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]

    def log_in(self) -> None:
        """Wait until it answers, and log in."""
        for _ in range(240):
            try:
                requests.get(f"{self.url}/health", timeout=60)
                break
            except requests.RequestException:
                time.sleep(0.5)
        login = {"username": ADMIN, "password": ADMIN, "provider": "db"}
        token = self.call("POST", "security/login", json=login)["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, json: object = None) -> dict[str, Any]:
        """Call the API, which must succeed; return what it answers."""
        answer = self.session.request(method, f"{self.url}/api/v1/{path}", json=json, timeout=120)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        body = answer.json()
        assert isinstance(body, dict)
        return body

    def query(self, dataset: int, **query: object) -> dict[str, Any]:
        """Ask as a chart does; return the result."""
        request = {
            "datasource": {"id": dataset, "type": "table"},
            "queries": [{"filters": [], "row_limit": 10_000, **query}],
            "result_format": "json",
            "result_type": "full",
        }
        [result] = self.call("POST", "chart/data", json=request)["result"]
        assert result["status"] == "success", result
        assert isinstance(result, dict)
        return result


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Factory:
    """Publish a first version."""
    folder = tmp_path_factory.mktemp("factory")
    factory = Factory(Home(folder / "home"), folder / "logs")
    factory.land("--end", text(AS_OF), events=3000)
    result = factory.refresh(as_of=text(AS_OF))
    assert result.returncode == PUBLISHED, result.stderr
    return factory


@pytest.fixture(scope="module")
def uri(factory: Factory) -> str:
    """Return the address that the README tells users to enter."""
    return f"duckdb:///{factory.home.published}?access_mode=read_only&enable_external_access=false"


@pytest.fixture(scope="module")
def views(factory: Factory) -> dict[str, View]:
    """Return the flat views as dbt's manifest declares them."""
    manifest = json.loads((factory.home.build / "target" / "manifest.json").read_bytes())
    nodes = (node for node in manifest["nodes"].values() if node["path"].startswith("bi/"))
    found = {
        node["alias"]: {name: column["data_type"] for name, column in node["columns"].items()}
        for node in nodes
        if node["resource_type"] == "model"
    }
    assert found
    return found


@pytest.fixture(scope="module")
def superset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Superset]:
    """Start a Superset."""
    assert PROGRAMS.exists(), "Superset is not installed: run `make test-bi`"
    folder = tmp_path_factory.mktemp("superset")
    (folder / "config.py").write_text(CONFIG.format(folder=folder))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Superset(folder, f"http://127.0.0.1:{port}")
    server.run("db", "upgrade")
    person = ("--firstname", "A", "--lastname", "B", "--email", "a@example.com", "--password", ADMIN)
    server.run("fab", "create-admin", "--username", ADMIN, *person)
    server.run("init")
    command: list[str | Path] = [PROGRAMS / "gunicorn", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", "1", "--threads", "8", "--timeout", "120", "superset.app:create_app()"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command,
            env=server.environment,
            stdout=log,
            stderr=log,
        )
        try:
            server.log_in()
            yield server
        finally:
            process.terminate()
            process.wait(timeout=120)


@pytest.fixture(scope="module")
def datasets(superset: Superset, uri: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Import the ready-made dashboard as the README says; return the datasets by the name of their view."""
    bundle = tmp_path_factory.mktemp("bundle") / "dashboard.zip"
    command = [sys.executable, "scripts/pack_dashboard.py", "--uri", uri, "--out", str(bundle)]
    subprocess.run(command, cwd=ROOT, check=True)
    superset.run("import-dashboards", "--path", str(bundle), "--username", ADMIN)
    found = superset.call("GET", "dataset/?q=(page_size:100)")["result"]
    return {dataset["table_name"]: dataset["id"] for dataset in found}


def text(instant: datetime) -> str:
    return instant.isoformat()


def read(factory: Factory, query: str) -> list[tuple[Any, ...]]:
    """Ask DuckDB itself."""
    with duckdb.connect(str(factory.home.published.resolve()), read_only=True) as connection:
        return connection.execute(query).fetchall()


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


def test_it_cannot_write(superset: Superset, factory: Factory, datasets: dict[str, int]) -> None:
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
    for name, columns in views.items():
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
    superset: Superset, factory: Factory, datasets: dict[str, int], views: dict[str, View]
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


def test_a_chart_of_every_view_is_right(
    superset: Superset, factory: Factory, datasets: dict[str, int], views: dict[str, View]
) -> None:
    for name, columns in views.items():
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


def test_the_dashboard_shows_the_documents(
    superset: Superset, factory: Factory, datasets: dict[str, int]
) -> None:
    dashboard = superset.call("GET", "dashboard/factory-metrics")["result"]
    filters = json.loads(dashboard["json_metadata"])["native_filter_configuration"]
    assert [chosen["name"] for chosen in filters] == ["Org", "Range", "Project"]
    known = {number: name for name, number in datasets.items()}
    for chosen in filters:
        [target] = chosen["targets"]
        assert target["datasetId"] in known
        values = superset.query(target["datasetId"], columns=[target["column"]["name"]], metrics=[])
        assert values["rowcount"] > 1, chosen["name"]

    folder = factory.home.documents
    org, length = min(path.name for path in folder.iterdir() if path.is_dir()), "30d"
    shown = {}
    charts = superset.call("GET", "dashboard/factory-metrics/charts")["result"]
    parts = [part for part in json.loads(dashboard["position_json"]).values() if isinstance(part, dict)]
    placed = {part["meta"]["chartId"] for part in parts if part["type"] == "CHART"}
    assert placed == {chart["id"] for chart in charts}
    for chart in charts:
        [plain] = superset.call("GET", f"chart/{chart['id']}/data/")["result"]
        assert plain["status"] == "success"
        assert plain["rowcount"] > 0, chart["slice_name"]
        context = json.loads(superset.call("GET", f"chart/{chart['id']}")["result"]["query_context"])
        view = known[context["datasource"]["id"]]
        columns = superset.call("GET", f"dataset/{context['datasource']['id']}")["result"]["columns"]
        names = {column["column_name"] for column in columns}
        [query] = context["queries"]
        query["filters"] = [
            {"col": column, "op": "IN", "val": [value]}
            for column, value in (("org_id", org), ("time_range", length))
            if column in names
        ]
        [result] = superset.call("POST", "chart/data", json=context)["result"]
        assert result["status"] == "success", (chart["slice_name"], view)
        shown[chart["slice_name"]] = result["data"]

    def document(metric_type: str) -> dict[str, Any]:
        content = json.loads((folder / org / metric_type / f"{length}.json").read_bytes())["metrics"]
        assert isinstance(content, dict)
        return content

    aggregate, handoff = document("aggregate"), document("handoff")
    assert shown["Issues completed"] == [{"Issues completed": aggregate["totalIssues"]}]
    assert shown["Cost, USD"] == [{"Cost, USD": aggregate["totalCost"]}]
    assert shown["Yield, %"] == [{"Yield, %": aggregate["avgYield"]}]
    [cycle_time] = shown["Cycle time, hours"]
    assert cycle_time["Cycle time, hours"] == pytest.approx(aggregate["avgCycleTimeMs"] / 3_600_000)
    assert shown["Accepted, share"] == [{"Accepted, share": handoff["acceptanceRate"]}]
    assert [row["Cost"] for row in shown["Cost by day, USD"]] == aggregate["costTrend"]
    assert len(shown["Stations"]) == 6
    assert len(shown["Cost by day, USD"]) == 30


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
        for running in self._running:
            running.result()

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
    superset: Superset, factory: Factory, datasets: dict[str, int], postgresql: str
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
