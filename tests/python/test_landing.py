"""What runs that follow each other take out of logs that change: which rows come, stay and go.

Only the deliveries are built, which takes a second or two. See test_incremental.py for all that follows.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from conftest import Warehouse, people_see, put_into_one_schema
from landed_logs import Builder, Log

from factory_metrics.schemas import find_in_all_schemas

EVENT = {"org_id": "acme", "event_type": "human.override", "payload": {}}


def write(files: Log, name: str, *ids: str) -> Path:
    """Write a file of events."""
    path = files.place / "factory_events" / name
    at = {"occurred_at": "2026-06-01T10:00:00Z", "ingested_at": "2026-06-01T10:00:01Z"}
    path.write_text("".join(json.dumps({"id": number, **EVENT, **at}) + "\n" for number in ids))
    return path


def test_a_file_that_changes_and_goes_before_it_is_read_keeps_its_rows(files: Log) -> None:
    write(files, "a.jsonl", "a1")
    write(files, "b.jsonl", "b1")
    assert files.run()
    changed = write(files, "b.jsonl", "b1", "b2")
    assert files.run("landed_parts"), "as if the run had been killed after it"
    changed.unlink()
    write(files, "c.jsonl", "c1")
    assert files.run()
    assert files.ids() == ["a1", "b1", "c1"]


def test_a_file_that_is_corrected_loses_the_rows_that_it_has_no_more(files: Log) -> None:
    write(files, "a.jsonl", "a1", "a2")
    assert files.run()
    write(files, "a.jsonl", "a2")
    assert files.run()
    assert files.ids() == ["a2"]
    write(files, "a.jsonl")
    assert files.run()
    assert files.ids() == []


def test_rows_of_files_that_are_gone_are_not_forgotten_by_a_release_that_reads_logs_anew(files: Log) -> None:
    last = write(files, "z.jsonl", "z1")
    assert files.run()
    write(files, "a.jsonl", "a1")
    files.let_macros_change()
    assert files.run("landed_parts"), "as if the run had been killed after it"
    last.unlink()
    assert not files.run()
    assert files.ids() == ["z1"]
    write(files, "z.jsonl", "z1")
    assert files.run()
    assert files.ids() == ["a1", "z1"]


def test_rows_of_files_that_are_gone_come_along_from_the_one_schema_of_earlier_releases(files: Log) -> None:
    gone = write(files, "a.jsonl", "a1")
    assert files.run()
    put_into_one_schema(files.file)
    assert people_see(files.file) >= {"base", "model"}
    gone.unlink()
    write(files, "b.jsonl", "b1")
    assert files.run()
    assert files.ids() == ["a1", "b1"]
    assert people_see(files.file) == {"delivery"}, "what is not for people has left"
    with duckdb.connect(str(files.file)) as connection:
        connection.execute("create table main.base_event_deliveries as select 'left over' as event_id")
    assert files.run()
    assert files.ids() == ["a1", "b1"]
    assert people_see(files.file) == {"delivery"}


class _Named(Warehouse):
    """A warehouse whose file is called as one of its schemas."""

    @property
    def file(self) -> Path:
        return self.folder / "staging.duckdb"


def test_a_warehouse_may_have_the_name_of_a_schema(tmp_path: Path) -> None:
    named = _Named(tmp_path)
    named.build("{}", "--select", "+stg_events", "--exclude-resource-type", "test")
    with duckdb.connect(str(named.file)) as connection:
        find_in_all_schemas(connection)
        [(events,)] = connection.execute("select count(*) from stg_events").fetchall()
    assert events > 1000


def test_every_row_is_accounted_for_though_files_that_were_read_are_gone(files: Log) -> None:
    gone = write(files, "a.jsonl", "a1")
    write(files, "b.jsonl", "b1")
    test = "every_delivered_row_is_accounted_for"
    needed = ("+delivery_counts", "+int_event_arrivals", "+int_run_arrivals")
    assert files.run(*needed)
    gone.unlink()
    assert files.run(*needed, test)
    with duckdb.connect(str(files.file)) as connection:
        connection.execute("delete from staging.base_event_deliveries where event_id = 'b1'")
    assert not files.run(test)


def test_what_no_test_has_looked_at_is_not_let_pass(files: Log) -> None:
    write(files, "a.jsonl", "a")
    assert files.run("+rejected_share_is_small")
    passed = files.query("select rejected_rows, batch_id from internal.passed_rejections")
    assert passed == [(0, 1)]
    write(files, "b.jsonl", "b")
    (files.place / "factory_events" / "c.csv").write_text("id;org_id\n1;a\n")
    # it goes wrong in an ephemeral model, which is not among dbt's results
    assert not files.run("+rejected_share_is_small")
    assert files.query("select rejected_rows, batch_id from internal.passed_rejections") == passed


@pytest.fixture(scope="module")
def table_builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    folder = tmp_path_factory.mktemp("tables")
    place = {"raw_database": str(folder / "landed.duckdb"), "raw_schema": "main"}
    builder = Builder(folder, place | {"max_rejected_share": 1, "look_back_hours": 24})
    yield builder
    builder.stop()


@pytest.fixture
def tables(tmp_path: Path, table_builder: Builder) -> Log:
    place = table_builder.folder / "landed.duckdb"
    place.unlink(missing_ok=True)
    with duckdb.connect(str(place)) as connection:
        connection.execute("""
            create table factory_events (
                id text, org_id text, event_type text, occurred_at timestamp, ingested_at timestamp,
                payload struct(reason text)
            );
            create table factory_metrics (
                id text, org_id text, session_id text, station text, cost_usd text, duration_ms text,
                recorded_at timestamp, ingested_at timestamp, metadata json
            );
        """)
    return Log(place, tmp_path / "factory.duckdb", table_builder)


def insert(tables: Log, *ids: str, day: int, statement: str = "") -> None:
    """Run a statement, and insert events that were ingested on a day of June."""
    with duckdb.connect(str(tables.place)) as connection:
        connection.execute(statement)
        for number in ids:
            kind = "no.such-type" if number.startswith("bad") else "human.override"
            at = f"2026-06-{day:02} 10:00:00"
            connection.execute(
                "insert into factory_events (id, org_id, event_type, occurred_at, ingested_at, payload) "
                "values (?, 'acme', ?, ?, ?, {'reason': 'x'})",
                [number, kind, at, at],
            )


def test_columns_that_a_table_gets_make_no_new_rows(tables: Log) -> None:
    insert(tables, "good", "bad", day=1)
    assert tables.run()
    insert(tables, "next", day=1, statement="alter table factory_events add column extra text")
    assert tables.run()
    insert(tables, "last", day=1, statement="alter table factory_events add column payload.note text")
    assert tables.run()
    assert tables.ids() == ["bad", "good", "last", "next"]
    counts = tables.query(
        "select outcome, row_count from delivery_counts where log = 'factory_events' order by 1"
    )
    assert counts == [("accepted", 3), ("rejected", 1)]


def test_only_what_the_look_back_holds_is_counted_while_the_rest_is_as_it_was(tables: Log) -> None:
    insert(tables, "old", day=1)
    insert(tables, "new", day=28)
    assert tables.run()
    # One goes and one comes, in an hour before the look-back: what only counting that hour would tell.
    insert(tables, "instead", day=1, statement="delete from factory_events where id = 'old'")
    insert(tables, "newer", day=28)
    assert tables.run()
    assert tables.ids() == ["new", "newer", "old"]
    insert(tables, "late", day=1)
    assert tables.run()
    assert tables.ids() == ["instead", "late", "new", "newer", "old"]


def test_an_hour_that_was_cleaned_up_is_read_when_it_has_rows_again(tables: Log) -> None:
    insert(tables, "gone", day=27)
    insert(tables, "new", day=28)
    assert tables.run()
    insert(tables, "newer", day=28, statement="delete from factory_events where id = 'gone'")
    assert tables.run()
    insert(tables, "again", day=27)
    assert tables.run()
    assert tables.ids() == ["again", "gone", "new", "newer"]
