"""The worked analyses compile and run on the demo factory, agree with its marts, and say what the rows say.

The same warehouse serves to test the drill-down views as a reader finds them, and the documentation.
"""

import json
import math
import multiprocessing
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import jinja2
import jinja2.nodes
import pytest
from conftest import ROOT, Warehouse

from factory_metrics.runs.dbt_runs import Dbt

AS_OF = "2026-06-30T12:00:00Z"
Row = dict[str, object]


@dataclass(frozen=True)
class Demo:
    """The demo factory's warehouse, the compiled analyses, and those for a published earlier version."""

    warehouse: Warehouse

    def compiled(self, analysis: str, folder: str = "plain") -> str:
        """Return the SQL of an analysis."""
        path = self.warehouse.folder / folder / "factory_metrics/analyses" / f"{analysis}.sql"
        return path.read_text(encoding="utf-8")

    def rows(self, query: str) -> list[Row]:
        """Return what a query finds in the warehouse."""
        with duckdb.connect(str(self.warehouse.file), read_only=True) as connection:
            return fetch(connection, query)

    def analysis(self, name: str) -> list[Row]:
        """Return the rows of an analysis."""
        return self.rows(self.compiled(name))


def fetch(connection: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    result = connection.execute(query)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def number(value: object) -> float:
    assert isinstance(value, int | float)
    return float(value)


def total(rows: list[Row], column: str, **where: object) -> float:
    """Return the sum of a column over the rows that have the given values."""
    found = [row for row in rows if all(row[name] == value for name, value in where.items())]
    return math.fsum(number(row[column]) for row in found)


@contextmanager
def edited(demo: Demo, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Copy the demo's warehouse into a folder, to be changed there."""
    shutil.copyfile(demo.warehouse.file, folder / "factory.duckdb")
    with duckdb.connect(str(folder / "factory.duckdb")) as connection:
        yield connection


def prepare(folder: Path) -> None:
    """Build what is read here, the documentation and the analyses; in a process of its own, as dbt stays."""
    environment = {"FACTORY_WAREHOUSE": str(folder / "factory.duckdb"), "FACTORY_EARLIER_VERSION": ""}
    dbt = Dbt(environment, artifacts=folder, variables=json.dumps({"as_of": AS_OF, "top": 1000}))
    models = ("--select", "+path:models/marts", "+path:models/drill_down", "+rejected_records")
    dbt.run("build", *models, "--resource-type", "model", "--resource-type", "seed")
    dbt.run("docs generate", "--static", "--no-compile")
    dbt.run("compile", "--select", "path:analyses")
    (folder / "target/compiled").rename(folder / "plain")
    environment["FACTORY_EARLIER_VERSION"] = "earlier"
    dbt.run("compile", "--select", "changes_between_as_ofs")
    (folder / "target/compiled").rename(folder / "versions")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Build the demo once."""
    folder = tmp_path_factory.mktemp("analyses")
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        process.submit(prepare, folder).result()
    return Demo(Warehouse(folder))


def test_costly_issues_share_all_cost(demo: Demo) -> None:
    rows = demo.analysis("costly_issues")
    for mart in demo.rows("select * from aggregate_30d where total_cost > 0"):
        of_org = [row for row in rows if row["org_id"] == mart["org_id"]]
        assert total(of_org, "cost_usd") == pytest.approx(mart["total_cost"], abs=1e-3)
        assert total(of_org, "share_of_cost_pct") == pytest.approx(100, abs=0.1 * len(of_org))
        costs = [number(row["cost_usd"]) for row in of_org]
        assert costs == sorted(costs, reverse=True)
        # The two factors are the mean issue's.
        for row in of_org:
            times_mean = number(row["times_mean_runs"]) * number(row["times_mean_cost_per_run"])
            mean = number(row["org_cost_usd"]) / len(of_org)
            assert times_mean == pytest.approx(number(row["cost_usd"]) / mean, rel=0.1, abs=0.05)
    assert {"expensive runs", "many runs, after rework"} <= {row["why"] for row in rows}


def test_rework_sources_are_all_reworks(demo: Demo) -> None:
    rows = demo.analysis("rework_sources")
    for mart in demo.rows("select org_id, total_reworks from phase_30d"):
        assert total(rows, "reworks", org_id=mart["org_id"]) == mart["total_reworks"]
    exits = {
        (row["org_id"], row["station"]): row
        for row in demo.rows("select * from station_30d where exited_visits > 0")
    }
    assert rows
    for row in rows:
        if row["found_at"] is None:  # the issue was in no station
            assert row["station_exits"] == 0
            continue
        assert row["station_exits"] == exits[row["org_id"], row["found_at"]]["exited_visits"]


def test_cheaper_providers_are_cheaper(demo: Demo) -> None:
    rows = demo.analysis("cheaper_provider")
    for mart in demo.rows("select org_id, provider, total_runs, avg_cost, success_rate from provider_90d"):
        own = [row for row in rows if (row["org_id"], row["provider"]) == (mart["org_id"], mart["provider"])]
        assert total(own, "runs") == mart["total_runs"]
        assert {row["success_rate_pct"] for row in own} <= {mart["success_rate"], None}
    saving = [row for row in rows if row["alternative"]]
    assert saving
    for row in saving:
        runs = number(row["runs"])
        price = number(row["alternative_cost_per_run_usd"])
        own_rate, other_rate = number(row["success_rate_pct"]), number(row["alternative_success_rate_pct"])
        there = runs * price * own_rate / other_rate
        # rates are shown with one decimal, and prices with four
        rounding = there * (0.05 / own_rate + 0.05 / other_rate + 0.00005 / price) + 0.001
        assert row["saved_usd"] == pytest.approx(number(row["cost_usd"]) - there, abs=rounding)
        assert runs >= 20 <= number(row["alternative_runs"])


def test_forecast_of_a_steady_factory_is_what_it_costs(demo: Demo, tmp_path: Path) -> None:
    """A factory that costs 1 USD on weekdays and 0 at weekends goes on so, with certainty."""
    with edited(demo, tmp_path) as connection:
        connection.execute(
            "delete from intermediate.int_runs; "
            "insert into intermediate.int_runs "
            "(org_id, run_id, cost_usd, duration_ms, recorded_at, counts_from) "
            "select 'acme-robotics', strftime(day, '%x'), 1, 1, day, day from "
            "range(timestamp '2026-01-01', timestamp '2026-07-01', interval 1 day) as days (day) "
            "where isodow(day) < 6; update intermediate.int_orgs set first_seen_at = timestamp '2026-01-01'"
        )
        rows = fetch(connection, demo.compiled("cost_forecast"))
    acme = [row for row in rows if row["org_id"] == "acme-robotics"]
    assert len(acme) == 30
    # 30 June is a Tuesday.
    assert [number(row["expected_usd"]) for row in acme[:7]] == [1, 1, 1, 1, 0, 0, 1]
    assert {row["high_usd"] == row["expected_usd"] == row["low_usd"] for row in acme} == {True}
    assert (acme[-1]["total_usd"], acme[-1]["total_high_usd"]) == (22, 22)
    assert {(row["level_change_pct"], row["backtest_error_pct"]) for row in acme} == {(0, 0)}


def test_forecast_knows_how_wrong_it_was(demo: Demo) -> None:
    rows = demo.analysis("cost_forecast")
    assert rows
    for row in rows:
        assert number(row["low_usd"]) <= number(row["expected_usd"]) < number(row["high_usd"])
        assert number(row["total_low_usd"]) <= number(row["total_usd"]) < number(row["total_high_usd"])
    for org in {row["org_id"] for row in rows}:
        actual, expected = demo.rows(
            f"select sum(cost_usd) filter (recorded_on >= date '2026-06-02') as cost, "
            "sum(cost_usd) filter (recorded_on between date '2026-04-07' and date '2026-06-01') / 2 "
            "as expected from counted_runs where time_range = '90d' and recorded_on < date '2026-06-30' "
            f"and org_id = '{org}'"
        )[0].values()
        error = 100 * (number(expected) / number(actual) - 1)
        errors = {number(row["backtest_error_pct"]) for row in rows if row["org_id"] == org}
        assert list(errors) == [pytest.approx(error, abs=0.06)]


def test_yields_are_those_of_the_marts_and_alert_when_they_fall(demo: Demo, tmp_path: Path) -> None:
    rows = demo.analysis("yield_alerts")
    yields = {(row["org_id"], row["series"]): row for row in rows}
    marts = demo.rows(
        "select org_id, 'all' as series, total_issues as issues, avg_yield as yield from aggregate_7d "
        "union all by name select org_id, station as series, exited_issues as issues, yield from station_7d"
    )
    for mart in marts:
        row = yields.get((mart["org_id"], mart["series"]), {"recent_issues": 0, "recent_yield_pct": None})
        assert row["recent_issues"] == mart["issues"]
        assert (row["recent_yield_pct"] or 0) == mart["yield"]
    assert "alert" not in {row["verdict"] for row in rows}

    with edited(demo, tmp_path) as connection:
        connection.execute(
            "update intermediate.int_station_visits set ending = 'rework' "
            "where ending = 'forward' and station = 'development' and org_id = 'acme-robotics' "
            "and left_at > timestamp '2026-06-24'"
        )
        alerts = [
            row for row in fetch(connection, demo.compiled("yield_alerts")) if row["verdict"] == "alert"
        ]
    assert [(row["org_id"], row["series"]) for row in alerts] == [("acme-robotics", "development")]
    # Newcombe's interval for 0 of 10 against 21 of 24, worked out with z = 2.69.
    assert alerts[0]["recent_issues"] == 10
    assert alerts[0]["before_issues"] == 24
    assert (alerts[0]["difference_low_points"], alerts[0]["difference_high_points"]) == newcombe(
        0, 10, 21, 24
    )


def newcombe(hits: int, tries: int, hits_before: int, tries_before: int) -> tuple[float, float]:
    """Return the interval of a difference of two shares, in points, from the roots of Wilson's equation."""

    def wilson(share: float, count: int) -> tuple[float, float]:
        # (share - p)^2 = z^2 p (1 - p) / count, solved for p
        square = 2.69**2 / count
        root = math.sqrt((2 * share + square) ** 2 - 4 * (1 + square) * share**2)
        return (2 * share + square - root) / (2 + 2 * square), (2 * share + square + root) / (2 + 2 * square)

    one, other = hits / tries, hits_before / tries_before
    (low, high), (low_before, high_before) = wilson(one, tries), wilson(other, tries_before)
    difference = one - other
    return (
        round(100 * (difference - math.hypot(one - low, high_before - other)), 1),
        round(100 * (difference + math.hypot(high - one, other - low_before)), 1),
    )


def test_changes_add_up_from_one_as_of_to_the_other(demo: Demo) -> None:
    rows = demo.analysis("changes_between_as_ofs")
    marts: dict[tuple[object, object], float] = {
        (row["org_id"], metric): number(row[column])
        for row in demo.rows("select * from aggregate_30d")
        for metric, column in (
            ("total_issues", "total_issues"),
            ("first_pass_issues", "first_pass_issues"),
            ("total_cost", "total_cost"),
        )
    }
    assert len(rows) == 9
    for row in rows:
        assert row["later"] == pytest.approx(marts[row["org_id"], row["metric"]], abs=1e-4)
        parts = ("earlier", "entered", "left_window", "revised")
        assert sum(number(row[part]) for part in parts) == pytest.approx(row["later"])
        assert number(row["entered"]) > 0 > number(row["left_window"])


def test_late_arrivals_are_told_from_changes(demo: Demo, tmp_path: Path) -> None:
    """The earlier version lacks two runs and a completion that happened before it."""
    with edited(demo, tmp_path) as connection:
        connection.execute("update clock set as_of = timestamp '2026-06-28 00:00:00'")
        late = (
            "where org_id = 'acme-robotics' "
            "and recorded_at between timestamp '2026-06-27' and timestamp '2026-06-28'"
        )
        [lost] = fetch(
            connection,
            f"select count(*) as runs, sum(cost_usd)::double as cost from intermediate.int_runs {late}",
        )
        connection.execute(f"delete from intermediate.int_runs {late}")
        connection.execute(
            "delete from intermediate.int_issue_completions "
            "where superseded_at is null and (org_id, completed_at) = (select (org_id, max(completed_at)) "
            "from intermediate.int_issue_completions where org_id = 'northwind-health' "
            "and completed_at <= timestamp '2026-06-28' group by org_id)"
        )
    assert number(lost["runs"]) > 0
    with duckdb.connect(str(demo.warehouse.file), read_only=True) as connection:
        connection.execute(f"attach '{tmp_path / 'factory.duckdb'}' as earlier (read_only)")
        rows = fetch(connection, demo.compiled("changes_between_as_ofs", "versions"))
    found = {(row["org_id"], row["metric"]): number(row["late_arrivals"]) for row in rows}
    expected: dict[tuple[object, object], float] = dict.fromkeys(found, 0.0)
    expected["acme-robotics", "total_cost"] = number(lost["cost"])
    expected["northwind-health", "total_issues"] = 1
    assert {key: value for key, value in found.items() if key[1] != "first_pass_issues"} == pytest.approx(
        {key: value for key, value in expected.items() if key[1] != "first_pass_issues"}
    )
    for row in rows:
        assert number(row["published_then"]) + number(row["late_arrivals"]) == pytest.approx(row["earlier"])


def test_views_are_read_under_any_name_of_the_warehouse(demo: Demo, tmp_path: Path) -> None:
    shutil.copyfile(demo.warehouse.file, tmp_path / "00000012.duckdb")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{tmp_path / '00000012.duckdb'}' as published (read_only)")
        views = connection.execute(
            "select view_name from duckdb_views() where database_name = 'published' and not internal "
            "and view_name like 'counted_%'"
        ).fetchall()
        assert len(views) == 11
        for (view,) in views:
            assert connection.execute(f"select count(*) from published.main.{view}").fetchone() != (0,)


def test_a_filter_on_org_and_window_finds_the_rows_of_a_number(demo: Demo) -> None:
    [(mart,)] = demo.warehouse.rows(
        "select throughput from station_30d where station = 'qa' and org_id = 'acme-robotics'"
    )
    found = demo.warehouse.rows(
        "select issue_id from counted_visits where org_id = 'acme-robotics' and time_range = '30d' "
        "and station = 'qa' and counts_in_throughput"
    )
    assert len(found) == len(set(found)) == mart


def test_the_documentation_is_one_page_with_everything_in_it(demo: Demo) -> None:
    page = (demo.warehouse.folder / "target/static_index.html").read_text(encoding="utf-8")
    for text in ("AI agents build software in a *factory*", "counted_issues", "metrics_api", "cost_forecast"):
        assert text in page
    # The only script of another host is one that counts visits, which the project has switched off.
    assert '"send_anonymous_usage_stats": false' in page


def test_every_argument_of_every_macro_is_documented(demo: Demo) -> None:
    """dbt-bouncer passes macros that document none of their arguments."""
    manifest = json.loads((demo.warehouse.folder / "target/manifest.json").read_text(encoding="utf-8"))
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=True)
    documented, found = {}, {}
    for macro in manifest["macros"].values():
        # dbt's tag for tests is none of Jinja's; what runs on one engine has its dispatcher's arguments.
        name = macro["name"]
        if macro["package_name"] == "factory_metrics" and not name.startswith(
            ("test_", "duckdb__", "spark__")
        ):
            [tree] = environment.parse(macro["macro_sql"]).find_all(jinja2.nodes.Macro)
            found[name] = [argument.name for argument in tree.args]
            documented[name] = [argument["name"] for argument in macro["arguments"]]
    assert documented == found


def test_every_unit_test_has_a_description(demo: Demo) -> None:
    manifest = json.loads((demo.warehouse.folder / "target/manifest.json").read_text(encoding="utf-8"))
    unit_tests = manifest["unit_tests"].values()
    assert len(unit_tests) > 100
    assert [test["name"] for test in unit_tests if not test["description"]] == []


def test_every_column_of_the_warehouse_is_documented(demo: Demo) -> None:
    """The catalog knows the columns that models really have."""
    bouncer = Path(sys.executable).with_name("dbt-bouncer")
    configuration = (ROOT / "dbt-bouncer.yml").read_text(encoding="utf-8")
    artifacts = demo.warehouse.folder / "target"
    copy = demo.warehouse.folder / "dbt-bouncer.yml"
    copy.write_text(configuration.replace("dbt_artifacts_dir: target", f"dbt_artifacts_dir: {artifacts}"))
    result = demo.warehouse.run(bouncer, "run", "--config-file", copy, "--only", "catalog_checks")
    assert result.returncode == 0, result.stdout + result.stderr
