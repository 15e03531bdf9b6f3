"""Check what settings give the logs: names of stations, an org, prices, providers, runs from events."""

import csv
import json
import os
import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import forked
import pytest
from conftest import Warehouse
from refreshed_home import NOTHING_NEW, PUBLISHED

from factory_metrics.logs.own_seeds import OwnSeedError, read_own_seed
from factory_metrics.runs.progress import advice_on_names

AS_OF = "2026-06-02T00:00:00Z"
SUMMARY = "agent.tool-summary"
# Id, type, issue, session, time on 1 June 2026 and payload.
EVENTS: tuple[tuple[str, str, str, str, str, dict[str, object]], ...] = (
    ("e1", "work-item.started", "I1", "s1", "10:00", {"stage": "in_progress"}),
    (
        *("e2", SUMMARY, "I1", "s1", "10:30"),
        {"duration": 60_000, "model": "claude-sonnet", "inputTokens": 1_000_000, "outputTokens": 500_000},
    ),
    ("e3", "work-item.handoff", "I1", "s1", "11:00", {"fromStage": "dev", "toStage": "QA", "costUsd": 1.25}),
    ("e4", "work-item.started", "I2", "s2", "12:00", {"stage": "martian"}),
    ("e5", SUMMARY, "I2", "s2", "12:30", {"stage": "coding", "model": "gpt-5", "inputTokens": 10}),
    ("e6", SUMMARY, "I1", "s3", "12:30", {"model": "Claude Sonnet", "inputTokens": 3_000_000}),
    ("e7", SUMMARY, "I3", "s4", "13:00", {"model": "oracle-1", "costUsd": -1}),
    ("e8", SUMMARY, "I1", "s5", "14:00", {"model": "claude-silent"}),
)
TO_FILL_IN = (
    "tokens without a price in the line for gpt-5 from 2026-06-01 (1 rows): fill in input in "
    "{seeds}/model_prices.csv line 3: GPT-5,2026-06-01,,,1,,"
)
RUNS = """
    select run_id, station, provider, cost_source, cost_usd from intermediate.int_runs
    where counts_until is null order by run_id
"""


def land(folder: Path) -> Path:
    """Write the events as the platform's API has them: one page, in camelCase, without an org."""
    keys = ("id", "eventType", "issueId", "sessionId", "timestamp", "payload")
    rows = [dict(zip(keys, event, strict=True)) for event in EVENTS]
    for row in rows:
        row["timestamp"] = f"2026-06-01T{row['timestamp']}:00Z"
    page = folder / "raw" / "factory_events" / "page.json"
    page.parent.mkdir(parents=True)
    page.write_text(json.dumps({"events": rows, "nextCursor": None}), encoding="utf-8")
    (folder / "seeds").mkdir()
    return page


def variables(folder: Path, **others: object) -> str:
    return json.dumps(
        {
            "raw_path": str(folder / "raw"),
            "seeds_path": str(folder / "seeds"),
            "max_rejected_share": 1,
            "default_org": "acme",
            "runs_from": "factory_events",
        }
        | others
    )


def test_settings_hold_for_all_rows_from_the_next_run_on(tmp_path: Path) -> None:
    page = land(tmp_path)
    home = tmp_path / "home"

    def refresh(code: int = PUBLISHED, **others: object) -> tuple[list[tuple[object, ...]], str]:
        command = ["--home", str(home), "--as-of", AS_OF, "--vars", variables(tmp_path, **others)]
        result = forked.run_refresh(command, views=False)
        assert result.returncode == code, result.stderr
        with duckdb.connect(str(home / "factory.duckdb"), read_only=True) as connection:
            return connection.execute(RUNS).fetchall(), result.stderr

    runs, said = refresh()
    assert runs == [
        ("e3", "development", "anthropic", "reported", Decimal("1.25")),
        ("e5", "development", "openai", "unknown", None),
        ("e6", "qa", "anthropic", "unknown", None),
        ("e8", "qa", "anthropic", "unknown", None),
    ]
    assert "8 new rows, 1 of them rejected" in said
    assert "factory_events has had no new rows for longer" in said
    assert "factory_metrics" not in said, "nobody waits for a log that may be absent"
    assert "claude-silent" not in said, "without tokens a price would not help"
    seeds = tmp_path / "seeds"
    assert f"unknown station martian (1 rows): add a line to {seeds}/station_aliases.csv: martian,<st" in said
    assert f"no price for the model gpt-5 (1 rows): add a line to {seeds}/model_prices.csv: gpt-5,<fi" in said
    assert advice(refresh(NOTHING_NEW)[1]) == advice(said) != []

    page.unlink()
    (seeds / "station_aliases.csv").write_text("alias,station,org_id\nMartian,qa,\ncoding,security,acme\n")
    prices = "model,valid_from,valid_to,input,output,cache_read,cache_write\n"
    own = "claude*,2026-01-01,,3,15,,\ngpt-5,2026-06-01,2026-06-01,0.1234567,,,\n"
    (seeds / "model_prices.csv").write_text(prices + own)
    runs, said = refresh()
    assert runs == [
        ("e3", "development", "anthropic", "reported", Decimal("1.25")),
        ("e5", "security", "openai", "computed", Decimal("0.000001235")),
        ("e6", "qa", "anthropic", "computed", Decimal(9)),
        ("e8", "qa", "anthropic", "unknown", None),
    ]
    assert " 0 new rows, 0 of them rejected" in said, "rows that are judged again are not new"
    assert advice(said) == []
    with duckdb.connect(str(home / "factory.duckdb"), read_only=True) as connection:
        before = "select cost_usd, counts_from, counts_until from intermediate.int_runs where run_id = 'e2'"
        [(cost, since, until)] = connection.execute(before).fetchall()
        assert (cost, f"{since:%H:%M}", f"{until:%H:%M}") == (Decimal("10.5"), "10:30", "11:00")
        rejected = connection.execute(
            "select log, rule, record_id from staging.rejected_deliveries"
        ).fetchall()
        assert not rejected
        left_out = (
            "select rejected_rule, run_id from intermediate.int_event_runs where rejected_rule is not null"
        )
        assert connection.execute(left_out).fetchall() == [("invalid_measure", "e7")]

    check_that_tests_see(home, "s2", tmp_path)

    (seeds / "model_providers.csv").write_text("prefix,provider\noracle,\n")
    command = ["--home", str(home), "--as-of", AS_OF, "--vars", variables(tmp_path)]
    result = forked.run_refresh(command, views=False)
    assert result.returncode == 1
    assert f"{seeds}/model_providers.csv line 2 (oracle,) has no provider" in result.stderr
    (seeds / "model_providers.csv").unlink()

    (seeds / "model_prices.csv").write_text(f"{prices}claude*,2026-01-01,,3,15,,\nGPT-5,2026-06-01,,,1,,\n")
    assert advice(refresh(default_org="bolt")[1]) == [TO_FILL_IN.format(seeds=seeds)]
    (tmp_path / "raw" / "factory_metrics").mkdir()
    assert not (home / "documents" / "acme").exists()
    assert (home / "documents" / "bolt" / "cost" / "7d.json").exists()
    runs, _ = refresh(runs_from="factory_metrics")
    assert not runs


def advice(said: str) -> list[str]:
    """Return what a run says of names that it does not know."""
    return [line for line in said.splitlines() if " rows): " in line]


def test_versions_of_earlier_releases_say_nothing_of_unknown_names() -> None:
    with duckdb.connect() as connection:
        assert advice_on_names(connection) == []
        connection.execute("create table unknown_names as select 'add a line' as advice")
        assert advice_on_names(connection) == []


def check_that_tests_see(home: Path, session: str, folder: Path) -> None:
    """Check that tests which look at what changed see runs that only events tell of."""
    copy = folder / "copy"
    copy.mkdir()
    shutil.copy(home / "factory.duckdb", copy / "factory.duckdb")
    shutil.copy(home / "build" / "history.duckdb", copy / "history.duckdb")
    with duckdb.connect(str(copy / "factory.duckdb")) as connection:
        connection.execute("update internal.model_progress set batch_id = batch_id - 1 where model = 'tests'")
        runs = "intermediate.int_runs"
        connection.execute(f"insert into {runs} from {runs} where session_id = '{session}'")
    environment = os.environ | {
        "FACTORY_WAREHOUSE": str(copy / "factory.duckdb"),
        "FACTORY_HISTORY": str(copy / "history.duckdb"),
    }
    options = ["--vars", variables(folder), "--target-path", str(copy), "--log-path", str(copy)]
    result = forked.run_dbt(["test", "--select", "int_runs,test_type:data", *options], environment)
    assert result.returncode == 1
    assert "unique_combination_int_runs" in result.stdout


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("alias,station\nx,qa\n", [("x", "qa", "")]),
        ('\ufeffORG_ID , alias,station\r\n\r\nacme,"a\u2028,\nb",qa', [("a\u2028,\nb", "qa", "acme")]),
        ("", []),
        (
            "alias,org_id\n",
            "has the columns alias, org_id, not alias, station, org_id (optional): name these",
        ),
        ("alias,station,alias\n", "has the columns alias, station, alias, not alias, station, org_id"),
        ("alias,station,team\n", "has the columns alias, station, team, not alias, station, org_id"),
        ('alias,station\nx,qa\n"y"z,qa\n', "line 3 cannot be read as CSV"),
        ("alias,station\nx,qa,acme\n", "line 2 has 3 values for 2 columns: fix that line"),
        ("alias,station\n\udcff,qa\n", "cannot be read as text in UTF-8"),
    ],
)
def test_a_file_of_own_lines_is_read_or_its_fault_named(
    text: str, found: list[tuple[str, ...]] | str, tmp_path: Path
) -> None:
    file = tmp_path / "station_aliases.csv"
    file.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
    columns = ["alias", "station", "org_id"]
    if isinstance(found, str):
        with pytest.raises(OwnSeedError) as raised:
            read_own_seed(str(tmp_path), "station_aliases", columns)
        assert str(raised.value).startswith(str(file))
        assert found in str(raised.value)
        return
    lines = read_own_seed(str(tmp_path), "station_aliases", columns)
    assert [tuple(line.values[name] for name in columns) for line in lines] == found


@pytest.mark.parametrize(
    ("name", "lines", "problem"),
    [
        ("model_prices", "m,,,1,,,", "line 2 (m,,,1,,,) has no first day"),
        ("model_prices", "m,2026-01-01,,1,,,\nM ,2026-01-01,,2,,,", "line 3 (M ,2026-01-01,,2,,,) repeats"),
        (
            "model_prices",
            "m,2026-01-01,,1,-2,,",
            "has a price that is no number from 0 to 1000000000: output",
        ),
        ("station_aliases", "a,uat,", "line 2 (a,uat,) leads to none of the six stations: uat"),
        ("station_aliases", "x,qa,\n\nQA,deploy,", "line 4 (QA,deploy,) gives a station another meaning: qa"),
        ("model_providers", "claude,", "line 2 (claude,) has no provider"),
        ("model_providers", "claude*,x", "line 2 (claude*,x) has a * in its prefix"),
    ],
)
def test_wrong_lines_are_named(name: str, lines: str, problem: str, tmp_path: Path) -> None:
    land(tmp_path)
    headers = {
        "model_prices": "model,valid_from,valid_to,input,output,cache_read,cache_write",
        "station_aliases": "alias,station,org_id",
        "model_providers": "prefix,provider",
    }
    (tmp_path / "seeds" / f"{name}.csv").write_text(f"{headers[name]}\n{lines}\n")
    selection = ("--select", f"+stg_{name}", "+landed_parts", "--exclude-resource-type", "unit_test")
    result = Warehouse(tmp_path).dbt("build", variables(tmp_path), *selection)
    assert result.returncode == 1
    assert f"{tmp_path}/seeds/{name}.csv line " in result.stdout
    assert problem in result.stdout
    if name == "station_aliases":
        with duckdb.connect(str(tmp_path / "factory.duckdb"), read_only=True) as connection:
            landed = "select 1 from information_schema.tables where table_name = 'landed_parts'"
            assert not connection.execute(landed).fetchall(), "nothing is read with wrong names"


def test_any_text_may_be_a_name_and_blank_lines_count_nowhere(tmp_path: Path) -> None:
    names = ["a\u2028b", "a\x85b", "a\x0cb", "a\r\nb", 'a,"b"']
    with (tmp_path / "station_aliases.csv").open("w", encoding="utf-8", newline="") as file:
        file.write("\r\n \r\nalias,station,org_id\r\n\r\n")
        csv.writer(file).writerows([name, "qa", ""] for name in names)
    lines = read_own_seed(str(tmp_path), "station_aliases", ["alias", "station", "org_id"])
    assert [(line.values["alias"], line.values["station"]) for line in lines] == [
        (name, "qa") for name in names
    ]
    assert [line.line_number for line in lines] == [5, 6, 7, 8, 10]


def test_files_that_are_no_seeds_are_refused(tmp_path: Path) -> None:
    land(tmp_path)
    (tmp_path / "seeds" / "station_alias.csv").write_text("alias,station\n")
    result = Warehouse(tmp_path).dbt("build", variables(tmp_path), "--select", "+stg_station_aliases")
    assert result.returncode == 1
    assert "station_alias.csv is none of model_prices.csv, model_providers.csv, station_al" in result.stdout
