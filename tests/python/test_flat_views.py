"""What is made from the flat views: their copy in PostgreSQL, and the ready-made dashboard."""

import io
import shutil
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from conftest import ROOT, Warehouse

from factory_metrics.bi import superset, superset_bundle
from factory_metrics.bi.dashboard_parts import Bars, Chart, GroupedTable, Listing, Number, Shares
from factory_metrics.bi.flat_views import FlatView, flat_views
from factory_metrics.documents.output import Selection
from factory_metrics.postgres import load_extension
from factory_metrics.project import UserError, time_ranges
from factory_metrics.runs import run_history
from factory_metrics.runs.postgres_copy import Target, copy_version
from factory_metrics.runs.publishing import Home
from factory_metrics.runs.run_history import Run
from pack_dashboard import main as pack_dashboard
from publish_to_postgres import main as publish_to_postgres

READ_ONLY = "access_mode=read_only&enable_external_access=false"
Query = Callable[[str], list[tuple[Any, ...]]]


def version_of(warehouse: Path, folder: Path, number: int, change: str = "") -> Path:
    """Make a published version of a warehouse's copy, changed by SQL."""
    file = folder / f"version_{number}.duckdb"
    shutil.copyfile(warehouse, file)
    with duckdb.connect(str(file)) as connection:
        connection.execute(change)
    started_at = f"2026-07-01 00:00:0{number}.000001"
    run = Run(started_at=started_at, published_version=number, as_of="2026-06-30")
    run_history.write_table(file, folder / "runs.jsonl", run)
    return file


@pytest.fixture(scope="module")
def whole_version(demo: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return version_of(demo.file, tmp_path_factory.mktemp("versions"), 1)


@pytest.fixture(scope="module")
def version(demo: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a version of few views, which are copied in no time."""
    kept = {"bi_aggregate", "bi_arrivals", "bi_cost", "bi_station"}
    views = demo.rows("select view_name from duckdb_views() where starts_with(view_name, 'bi_')")
    drops = "".join(f"drop view {name};" for (name,) in views if name not in kept)
    return version_of(demo.file, tmp_path_factory.mktemp("small"), 1, drops)


@contextmanager
def asking(url: str) -> Iterator[Query]:
    """Ask PostgreSQL, in a connection that stays open."""
    with duckdb.connect() as connection:
        load_extension(connection)
        connection.execute(f"attach '{url}' as target (type postgres)")
        yield lambda query: connection.execute(
            "select * from postgres_query('target', ?, use_transaction = false)", [query]
        ).fetchall()


def run_on(url: str, statement: str) -> None:
    with duckdb.connect() as connection:
        load_extension(connection)
        connection.execute(f"attach '{url}' as target (type postgres)")
        connection.execute("call postgres_execute('target', ?)", [statement])


@pytest.fixture
def target(postgresql: str, request: pytest.FixtureRequest) -> Target:
    """Return a schema of the test's own."""
    return Target(postgresql, f"Of the test {request.node.name}"[:60])


@pytest.fixture(scope="module")
def views(whole_version: Path) -> list[FlatView]:
    with duckdb.connect(str(whole_version), read_only=True) as connection:
        return flat_views(connection)


@pytest.fixture(scope="module")
def whole_copy(whole_version: Path, views: list[FlatView], postgresql: str) -> Target:
    """Copy all views to a schema."""
    target = Target(postgresql, "All views")
    assert copy_version(whole_version, target) == len(views) > 0
    return target


def test_tables_are_the_views(whole_version: Path, views: list[FlatView], whole_copy: Target) -> None:
    with duckdb.connect(str(whole_version), read_only=True) as connection:
        rows = {view.name: connection.execute(f"from {view.name} order by all").fetchall() for view in views}
    with duckdb.connect() as connection, asking(whole_copy.url) as ask:
        load_extension(connection)
        connection.execute(f"attach '{whole_copy.url}' as target (type postgres, read_only)")
        for view in views:
            table = f'target."{whole_copy.schema}".{view.name}'
            assert connection.execute(f"from {table} order by all").fetchall() == rows[view.name]
            # Types are the views' own, and so are descriptions.
            kinds = connection.execute(f"select column_name, column_type from (describe {table})").fetchall()
            assert kinds == [(column.name, column.type) for column in view.columns]
            oid = f"""to_regclass('"{whole_copy.schema}".{view.name}')"""
            comments = ask(f"""
                select attname::text, col_description(attrelid, attnum), obj_description(attrelid)
                from pg_attribute
                where attrelid = {oid} and attnum > 0 order by attnum
            """)
            assert comments == [
                (column.name, column.description, view.description) for column in view.columns
            ]
            assert view.description
            assert all(column.description for column in view.columns)
        published = ask(f'select * from "{whole_copy.schema}".published_tables order by 1')
    run = (1, datetime(2026, 6, 30), datetime(2026, 7, 1, 0, 0, 1, 1))  # noqa: DTZ001 - UTC, without saying so
    assert published == [(view.name, *run) for view in views]
    assert copy_version(whole_version, whole_copy) == 0


def test_another_version_replaces_all(version: Path, target: Target, tmp_path: Path) -> None:
    """Rows, columns, descriptions and tables follow; what others made of them stays, and so do rights."""
    copy_version(version, target)
    schema = f'"{target.schema}"'
    run_on(target.url, f"create role watcher; grant usage on schema {schema} to watcher")
    run_on(target.url, f"grant select on all tables in schema {schema} to watcher")
    run_on(
        target.url, f"create schema theirs; create view theirs.orgs as select org_id from {schema}.bi_cost"
    )
    change = """
        drop view bi_arrivals;
        create or replace view bi_cost as
            select
                'org' || chr(0) as org_id, '7d' as time_range, 1::bigint as as_of, true as is_new,
                'much' as total_cost;
    """
    second = version_of(version, tmp_path, 2, change + "comment on column bi_cost.org_id is 'The org''s id'")
    tables = copy_version(second, target)
    with asking(target.url) as ask:
        there = f"select tablename::text from pg_tables where schemaname = '{target.schema}'"
        names = {name for (name,) in ask(there)}
        assert len(names) == tables + 1
        assert "bi_arrivals" not in names
        columns = ask(
            "select column_name::text, data_type::text from information_schema.columns "
            f"where table_schema = '{target.schema}' and table_name = 'bi_cost' order by 1"
        )
        assert columns == [
            ("as_of", "bigint"),
            ("is_new", "boolean"),
            ("org_id", "text"),
            ("time_range", "text"),
            ("total_cost", "text"),
        ]
        # PostgreSQL has no character 0.
        assert ask("select * from theirs.orgs") == [("org\N{REPLACEMENT CHARACTER}",)]
        assert ask(f"select has_table_privilege('watcher', '{schema}.bi_cost', 'select')") == [(True,)]
        comment = f"select col_description('{schema}.bi_cost'::regclass, 1)"
        assert ask(comment) == [("The org's id",)]
        assert copy_version(version, target) == tables + 1  # back again
        assert ask(f"select min(version), max(version) from {schema}.published_tables") == [(1, 1)]


def test_readers_see_one_version(version: Path, target: Target, tmp_path: Path) -> None:
    """A reader never waits for a copy, and never sees half of one."""
    marts = (f"{metric_type}_{days}d" for metric_type in ("aggregate", "station") for days in (7, 30, 90))
    statements = "".join(f"update {mart} set org_id = 'other';" for mart in marts)
    other = version_of(version, tmp_path, 2, statements)
    copy_version(version, target)
    query = f"""
        select
            (select bool_and(org_id = 'other')::text || count(*) from "{target.schema}".bi_aggregate) as one,
            (select bool_and(org_id = 'other')::text || count(*) from "{target.schema}".bi_station) as two,
            (select max(version) from "{target.schema}".published_tables) as version
    """
    with asking(target.url) as ask, ThreadPoolExecutor(1) as pool:
        seen = {*ask(query)}
        for file in (other, version, other):
            copying = pool.submit(copy_version, file, target)
            while not copying.done():
                seen |= {*ask(query)}
            assert copying.result() > 0
            seen |= {*ask(query)}
    assert len(seen) == 2, seen


@pytest.mark.parametrize(
    ("url", "message"),
    [
        pytest.param("mysql://reader@127.0.0.1/db", "must look like postgresql://", id="no PostgreSQL"),
        pytest.param("postgresql://a:s3cret@127.0.0.1/db", "set PGPASSWORD", id="password"),
        pytest.param("postgresql://127.0.0.1/db?user=a&password=s3cret", "set PGPASSWORD", id="as option"),
        pytest.param("postgres:host=h password=s3cret", "must look like postgresql://", id="no URL"),
        pytest.param("postgresql://a:s3[cret@127.0.0.1/db", "cannot be read", id="half a URL"),
        pytest.param("postgresql://a@127.0.0.1:1/db", "Connection refused: start the server", id="no server"),
    ],
)
def test_a_url_that_cannot_be_used(version: Path, url: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        copy_version(version, Target(url))
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize("schema", ["", "x" * 64, "é" * 32])
def test_a_schema_that_cannot_be_called_so_is_refused(schema: str) -> None:
    with pytest.raises(UserError, match=r"the schema .*: (leave the option out|give it a shorter name)"):
        Target("postgresql://reader@127.0.0.1/db", schema).check()
    Target("postgresql://reader@127.0.0.1/db", "x" * 63).check()


def test_a_schema_that_is_not_ours(version: Path, target: Target) -> None:
    schema = f'"{target.schema}"'
    run_on(target.url, f"create schema {schema}; create table {schema}.bi_cost as select 1 as precious")
    with pytest.raises(UserError, match="it has bi_cost, which no run made: name a schema"):
        copy_version(version, target)
    with asking(target.url) as ask:
        assert ask(f"select * from {schema}.bi_cost") == [(1,)]
        assert ask(f"select count(*) from pg_tables where schemaname = '{target.schema}'") == [(1,)]


def test_a_user_without_rights(version: Path, target: Target) -> None:
    run_on(target.url, "create role stranger login; revoke create on database postgres from public")
    url = target.url.replace("reader@", "stranger@")
    with pytest.raises(UserError, match=r"permission denied.*create schema .* authorization"):
        copy_version(version, Target(url, target.schema))


def test_the_command(
    version: Path, target: Target, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--url", target.url, "--schema", target.schema, "--home", str(tmp_path)]
    assert publish_to_postgres(options) == 2
    home = Home(tmp_path)
    home.version_file(1).parent.mkdir(parents=True)
    shutil.copy(version, home.version_file(1))
    home.published.symlink_to(home.version_file(1).relative_to(tmp_path))
    assert publish_to_postgres(options) == 0
    assert publish_to_postgres(options) == 0
    output = capsys.readouterr()
    assert "nothing is published" in output.err
    assert output.out.splitlines()[1] == "version 1: it is there already"


def as_query(chart: Chart, table: str) -> str:
    """Return a chart's query in plain SQL."""
    dimensions: list[str] = []
    match chart:
        case Number() | Shares():
            measures = [chart.measure.sql]
        case Bars():
            measures = [measure.sql for measure in chart.measures]
        case GroupedTable():
            dimensions = [dimension.sql for dimension in chart.dimensions]
            measures = [measure.sql for measure in (*chart.measures, chart.order)]
        case Listing():
            measures = [
                f"max({column})" for column in (*chart.columns, chart.order) if column != "is_rollback"
            ]
    if isinstance(chart, Bars | Shares):
        dimensions = [chart.dimension.sql]
    columns = ", ".join(f"{sql} as c{number}" for number, sql in enumerate(dimensions + measures))
    return f"select {columns} from {table} group by {', '.join(dimensions) or '()'}"


def test_charts_are_the_same_in_both_databases(whole_version: Path, whole_copy: Target) -> None:
    with duckdb.connect(str(whole_version), read_only=True) as connection, asking(whole_copy.url) as ask:
        for chart in superset.charts():
            expected = connection.execute(as_query(chart, chart.view)).fetchall()
            found = ask(as_query(chart, f'"{whole_copy.schema}".{chart.view}'))
            assert len(found) == len(expected) > 0
            for one, other in zip(sorted(found, key=str), sorted(expected, key=str), strict=True):
                for value, same in zip(one, other, strict=True):
                    assert value == same or float(value) == pytest.approx(float(same)), chart.title


def test_what_is_made_of_the_models_is_declared(views: list[FlatView]) -> None:
    exposures = yaml.safe_load((ROOT / "models" / "exposures.yml").read_text(encoding="utf-8"))["exposures"]
    declared = {exposure["name"]: set(exposure["depends_on"]) for exposure in exposures}
    files = superset.export(views, "duckdb:///", "main")
    datasets = {of["uuid"]: of["table_name"] for path, of in files.items() if path.startswith("datasets/")}
    texts = [str(of) for path, of in files.items() if path.startswith(("charts/", "dashboards/"))]
    used = {f"ref('{table}')" for uuid, table in datasets.items() if any(uuid in text for text in texts)}
    marts = {f"ref('{mart.name}')" for mart in Selection().marts(time_ranges())}
    assert declared == {
        "metrics_api": marts,
        "json_documents": marts,
        "report_page": marts,
        "factory_metrics_dashboard": used,
    }


@pytest.mark.parametrize(
    ("uri", "schema", "expected"),
    [
        (f"duckdb:////srv/mine/factory.duckdb?{READ_ONLY}", None, "main"),
        ("postgresql://reader@db.example.com:5432/bi", None, "factory_metrics"),
        ("postgresql+psycopg2://reader@db.example.com/bi", "metrics", "metrics"),
    ],
)
def test_the_dashboard_is_packed_for_a_database(
    uri: str, schema: str | None, expected: str, views: list[FlatView]
) -> None:
    with zipfile.ZipFile(io.BytesIO(superset_bundle.pack(views, uri, schema))) as bundle:
        texts = {name: bundle.read(name).decode() for name in bundle.namelist()}
    [database] = (yaml.safe_load(text) for name, text in texts.items() if "/databases/" in name)
    assert database["sqlalchemy_uri"] == uri
    datasets = [yaml.safe_load(text) for name, text in texts.items() if "/datasets/" in name]
    assert {dataset["schema"] for dataset in datasets} == {expected}
    # Every view is there, shown or not, with its columns and what they mean.
    assert {
        (dataset["table_name"], dataset["description"], column["column_name"], column["description"])
        for dataset in datasets
        for column in dataset["columns"]
    } == {
        (view.name, view.description, column.name, column.description)
        for view in views
        for column in view.columns
    }


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("duckdb:////srv/factory.duckdb", "queries could write"),
        ("duckdb:////srv/factory.duckdb?access_mode=read_only", "queries could write, or read files"),
        ("postgresql://db.example.com/bi?user=reader&password=s3cret", "has a password"),
        ("postgresql://reader:s3cret@db.example.com/bi", "has a password"),
        ("/srv/factory.duckdb", "is no address"),
    ],
)
def test_an_address_that_cannot_be_packed(uri: str, message: str, views: list[FlatView]) -> None:
    with pytest.raises(UserError, match=message) as error:
        superset_bundle.pack(views, uri, None)
    assert "s3cret" not in str(error.value)


def test_the_views_are_read_from_the_address_or_from_a_named_file(
    whole_version: Path,
    version: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, duckdb_uri = tmp_path / "dashboard.zip", f"duckdb:///{whole_version}?{READ_ONLY}"
    assert pack_dashboard(["--uri", duckdb_uri, "--out", str(out)]) == 0
    postgres = ["--uri", "postgresql://reader@db.example.com/bi", "--out", str(out)]
    assert pack_dashboard([*postgres, "--warehouse", str(whole_version)]) == 0
    monkeypatch.setenv("FACTORY_WAREHOUSE", str(whole_version))
    assert pack_dashboard(postgres) == 0
    # What cannot be shown stays unwritten, and the message says why.
    out.unlink()
    assert pack_dashboard(["--uri", duckdb_uri.replace("version_1", "none"), "--out", str(out)]) == 2
    assert pack_dashboard([*postgres, "--warehouse", str(version)]) == 2
    assert not out.exists()
    missing, unfit = capsys.readouterr().err.splitlines()
    assert "there is no warehouse at" in missing
    assert "there is no view" in unfit
