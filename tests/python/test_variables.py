"""Variables: a misspelled one stops every command, and a warehouse takes no other logs than it is of."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest
from conftest import DEMO_AS_OF, ROOT, Warehouse

from factory_metrics.project import UserError, project_variables
from factory_metrics.synthetic.demo_orgs import END
from factory_metrics.variables import check_variables, logs_place, read_variables

EVENT = {
    "id": "1",
    "org_id": "a",
    "event_type": "human.override",
    "occurred_at": "2026-06-29T10:00:00Z",
    "ingested_at": "2026-06-29T10:00:00Z",
    "payload": {},
}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "{raw_pth: /logs}", r"raw_pth, .* \(is raw_path meant\?\); there are: raw_path,", id="typo"
        ),
        pytest.param(
            "{raw_path:/data/logs}",
            "write a blank after the colon, as in '{raw_path: /data/logs}'",
            id="no blank",
        ),
        pytest.param("{top: 5}", "top, which is no variable; there are: raw_path", id="an analysis's"),
        pytest.param("{1: 2}", "has 1, which is no variable", id="no text"),
        pytest.param("{max_rejected_share: much}", "must be a number of 0 or more", id="of another kind"),
        pytest.param("{max_rejected_share: .inf}", "must be a number of 0 or more", id="no number"),
        pytest.param("[raw_path]", "is no mapping", id="a list"),
    ],
)
def test_variables_that_stop_a_run(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_variables(text)


def test_variables_that_there_are() -> None:
    assert read_variables("{list_limit: 3, raw_path: logs}") == {
        "list_limit": 3,
        "raw_path": str(Path("logs").absolute()),
    }
    check_variables(project_variables())
    check_variables({"top": 5, "later_as_of": "2026-06-30"}, of_analyses=True)


def test_a_place_of_logs_is_the_same_however_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folders = ["logs", "./logs", "logs/", "other/../logs", f"{tmp_path}/logs", f"{tmp_path}//logs/."]
    databases = ["logs.duckdb", "./logs.duckdb", "a/../logs.duckdb", f"{tmp_path}/logs.duckdb"]
    names = ["postgresql://reader@db.example.com/a/../b", "attached", "dbname=logs"]
    places = [{logs_place({"raw_path": path}) for path in folders}]
    places += [{logs_place({"raw_database": path, "raw_schema": "raw"}) for path in databases}]
    places += [{logs_place({"raw_database": name})} for name in names]
    places += [
        {logs_place({"raw_path": "logs.duckdb"})},
        {logs_place({})},
        {logs_place({"raw_schema": "raw"})},
    ]
    assert {len(place) for place in places} == {1}
    assert len(set.union(*places)) == len(places)
    # as earlier releases had it
    assert logs_place({"raw_path": "/data/logs"}) == "c436afbfed4d"
    assert read_variables("{raw_database: logs.duckdb}") == {"raw_database": f"{tmp_path}/logs.duckdb"}
    assert read_variables(f"{{raw_database: '{names[0]}'}}") == {"raw_database": names[0]}


def test_the_demo_ends_when_its_clock_says(demo: Warehouse) -> None:
    """Whatever the time is: without an as-of the demo's metrics would be empty soon."""
    assert f"{END:%Y-%m-%dT%H:%M:%SZ}" == DEMO_AS_OF
    assert demo.rows("select strftime(as_of, '%Y-%m-%dT%H:%M:%SZ') from clock") == [(DEMO_AS_OF,)]


def test_a_misspelled_variable_stops_dbt(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    """Before it opens the warehouse: the demo's would take the place of a user's."""
    commands = {
        "build": ("{raw_pth: /logs}", "raw_pth, which is no variable (is raw_path meant?)"),
        "compile": ("{raw_path:/logs}", "write a blank after the colon"),
    }
    runs = {
        command: pool.submit(Warehouse(tmp_path / command).dbt, command, variables)
        for command, (variables, _) in commands.items()
    }
    for command, (_, message) in commands.items():
        result = runs[command].result()
        assert result.returncode == 2, result.stdout
        assert message in result.stdout
        assert not Warehouse(tmp_path / command).file.exists()


def test_a_warehouse_keeps_to_its_logs(demo: Warehouse, tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    for log, lines in {"factory_events": json.dumps(EVENT), "factory_metrics": ""}.items():
        (tmp_path / "raw" / log).mkdir(parents=True)
        (tmp_path / "raw" / log / "rows.jsonl").write_text(lines)
    own_logs = f"{{raw_path: '{tmp_path / 'raw'}'}}"
    own, of_demo, with_tables = (Warehouse(tmp_path / name) for name in ("own", "demo", "tables"))
    for warehouse in (of_demo, with_tables):
        warehouse.folder.mkdir()
    shutil.copy(demo.file, of_demo.file)
    with duckdb.connect(str(of_demo.file)) as connection:
        connection.execute("delete from internal.model_progress where model = 'logs'")
    assert of_demo.dbt("seed", "{}").returncode == 0, "a demo of an earlier release, which did not claim it"
    with duckdb.connect(str(with_tables.file)) as connection:
        connection.execute("create schema raw; create table raw.factory_events as select 'mine' as id")
    landing = ("--select", "+landed_parts", "--exclude-resource-type", "test")
    own.build(f"{{raw_path: '{os.path.relpath(tmp_path / 'raw', ROOT)}/../raw/.'}}", *landing)
    (parts,) = own.rows("select list(part order by part) from staging.landed_parts where log != 'settings'")
    assert parts == (
        [str(tmp_path / "raw" / log / "rows.jsonl") for log in ("factory_events", "factory_metrics")],
    )
    own.build(own_logs, *landing)
    assert own.rows("select list(part order by part) from staging.landed_parts where log != 'settings'") == [
        parts
    ], "it is the same place"

    def contents(warehouse: Warehouse) -> list[list[tuple[object, ...]]]:
        query = "select schema_name, table_name from duckdb_tables() where table_name != 'model_progress'"
        return [
            warehouse.rows(f'select * from "{schema}"."{table}" order by all')
            for schema, table in sorted(warehouse.rows(query))
            if table in ("factory_events", "landed_parts", "clock")
        ]

    refused = [
        (own, "build", "{}", "was built from other logs, and --vars names none"),
        (own, "seed", "{}", "was built from other logs, and --vars names none"),
        (of_demo, "build", own_logs, "was built from the demo's seeds, not from those that --vars names"),
        (with_tables, "seed", "{}", "has a table raw.factory_events, whose place the demo's seed would take"),
    ]
    before = [contents(warehouse) for warehouse, *_ in refused]
    for results in (
        [
            (pool.submit(warehouse.dbt, command, variables), message)
            for warehouse, command, variables, message in half
        ]
        for half in (refused[::2], refused[1::2])
    ):
        for result, message in results:
            assert result.result().returncode == 2, result.result().stdout
            assert message in result.result().stdout
            assert "FACTORY_WAREHOUSE" in result.result().stdout
    assert with_tables.dbt("seed", "{}", "--full-refresh").returncode == 2, "it may be the only copy"
    assert [contents(warehouse) for warehouse, *_ in refused] == before

    # A command that failed at once does not keep the warehouse for the logs that it named.
    mistaken = Warehouse(tmp_path / "mistaken")
    assert (
        mistaken.dbt("run", f"{{raw_path: '{tmp_path / 'row'}'}}", "--select", "+landed_parts").returncode
        == 1
    )
    mistaken.build(own_logs, *landing)

    of_demo.build(own_logs, "--full-refresh", *landing)
    assert of_demo.rows("select count(*) from staging.landed_parts") == own.rows(
        "select count(*) from staging.landed_parts"
    )
