"""The scheduler's command: what it publishes, what it leaves alone, and what it says."""

import fcntl
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import duckdb
import forked
import pytest
from conftest import ROOT, Warehouse, people_see, put_into_one_schema
from refreshed_home import (
    BAD_DATA,
    BROKEN_SETUP,
    BUSY,
    FIRST_AS_OF,
    NOTHING_NEW,
    PUBLISHED,
    SECOND_AS_OF,
    RefreshedHome,
    contents,
    end,
)

import rollback
from factory_metrics.dbt_plugin import RAW_DATABASE_ALIAS, attach_raw_database
from factory_metrics.project import UserError
from factory_metrics.runs import handing_out, progress, run_history
from factory_metrics.runs.publishing import Home
from factory_metrics.runs.step_log import StepLog
from rollback import chosen_version


def first_rows(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    """Return something that every version has otherwise."""
    query = (
        "select as_of, sum(total_issues), (select count(*) from intermediate.int_runs) "
        "from aggregate_7d group by as_of"
    )
    return connection.execute(query).fetchall()


@dataclass
class Story:
    """A home that was published twice, and what happened on the way."""

    factory: RefreshedHome
    first: subprocess.CompletedProcess[str]
    again: subprocess.CompletedProcess[str]
    second: subprocess.CompletedProcess[str]
    first_documents: dict[str, bytes]
    held_before: list[tuple[object, ...]]
    held_after: list[tuple[object, ...]]
    place: Path

    def copy(self) -> RefreshedHome:
        """Return a copy of the home where it was published: so dbt does not parse the project again."""
        return self.factory.copy(self.place)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("refresh")
    factory = RefreshedHome(Home(folder / "home"), folder / "logs")
    factory.land("--end", FIRST_AS_OF, events=3000)
    first = factory.refresh(as_of=FIRST_AS_OF)
    documents = factory.documents()
    again = factory.refresh(as_of=FIRST_AS_OF)
    with duckdb.connect(str(factory.home.published.resolve()), read_only=True) as reader:
        held_before = first_rows(reader)
        factory.land("--start", FIRST_AS_OF, "--end", SECOND_AS_OF, events=200)
        second = factory.refresh()
        held_after = first_rows(reader)
    place = factory.home.folder
    kept = RefreshedHome(Home(place.rename(folder / "kept")), factory.logs)
    return Story(kept, first, again, second, documents, held_before, held_after, place)


def test_new_rows_are_published(story: Story) -> None:
    assert story.first.returncode == PUBLISHED, story.first.stderr
    assert story.second.returncode == PUBLISHED, story.second.stderr
    home = story.factory.home
    assert home.current() == 2
    assert home.versions() == [1, 2]
    with duckdb.connect(str(home.published), read_only=True) as reader:
        assert first_rows(reader) != story.held_before
    assert len(story.first_documents) == 3 * 21
    assert story.factory.documents() != story.first_documents


def test_views_are_made_once_and_show_what_is_published(story: Story) -> None:
    assert '"node": "bi_aggregate"' in story.first.stderr
    assert '"node": "bi_aggregate"' not in story.second.stderr
    with duckdb.connect(str(story.factory.home.published), read_only=True) as reader:
        columns = "select org_id, as_of, total_issues, total_cost"
        shown = reader.execute(f"{columns} from bi_aggregate where time_range = '7d' order by all").fetchall()
        assert shown == reader.execute(f"{columns} from aggregate_7d order by all").fetchall()
        assert shown


def test_all_that_people_query_has_descriptions(story: Story) -> None:
    with duckdb.connect(str(story.factory.home.published), read_only=True) as reader:
        relations = reader.execute("""
            select table_name, comment from duckdb_tables() where schema_name = 'main'
            union all
            select view_name, comment from duckdb_views() where schema_name = 'main' and not internal
        """).fetchall()
        columns = reader.execute(
            "select table_name || '.' || column_name, comment from duckdb_columns() "
            "where schema_name = 'main' and not internal"
        ).fetchall()
    assert len(relations) > 70
    assert {"run_history", "clock", "rejected_records", "bi_cost", "counted_runs"} <= {*dict(relations)}
    assert [name for name, comment in relations + columns if not comment] == []


def test_without_new_rows_nothing_is_published(story: Story) -> None:
    assert story.again.returncode == NOTHING_NEW, story.again.stderr
    assert end(story.again)["published_version"] == 1


def test_a_reader_keeps_its_version(story: Story) -> None:
    assert story.held_before == story.held_after


def test_the_documents_are_those_of_a_build_from_nothing(story: Story, tmp_path: Path) -> None:
    plain = Warehouse(tmp_path / "plain")
    plain.build(json.dumps({"raw_path": str(story.factory.logs), "as_of": SECOND_AS_OF}))
    assert contents(plain.serialize()) == story.factory.documents()


def test_the_history_tells_of_every_run(story: Story) -> None:
    with duckdb.connect(str(story.factory.home.published), read_only=True) as reader:
        rows = reader.execute(
            "select outcome, published_version, rows_in > rows_rejected, seconds > 0 "
            "from run_history order by started_at"
        ).fetchall()
    assert rows[:3] == [
        ("published", 1, True, True),
        ("nothing_new", 1, False, True),
        ("published", 2, True, True),
    ]


def test_bad_data_is_not_published_until_it_is_corrected(story: Story) -> None:
    factory = story.copy()
    before, documents = factory.home.published.resolve(), factory.documents()
    garbage = factory.logs / "factory_events" / "garbage.jsonl"
    garbage.write_text("no JSON\n" * 1000)
    try:
        assert factory.refresh().returncode == BAD_DATA
        result = factory.refresh()
        assert result.returncode == BAD_DATA, "a failed test fails again while its data is there"
        assert "rejected_share_is_small" in str(end(result)["message"])
        assert "Put a corrected file in the place" in str(end(result)["message"])
        assert (factory.home.published.resolve(), factory.documents()) == (before, documents)
        garbage.write_text("")
        assert factory.refresh().returncode == PUBLISHED
        assert factory.documents() == documents
    finally:
        garbage.unlink()


def test_what_was_let_pass_stays_passed(story: Story) -> None:
    factory = story.copy()
    with duckdb.connect(str(factory.home.published), read_only=True) as reader:
        others = reader.execute("select count(*) from rejected_records").fetchall()[0][0]
    garbage = factory.logs / "factory_events" / "garbage.jsonl"
    garbage.write_text("no JSON\n" * 1000)
    variables = json.dumps({"raw_path": str(factory.logs), "max_rejected_share": 1})
    try:
        assert factory.refresh("--vars", variables).returncode == PUBLISHED
        assert factory.refresh(as_of="2026-06-30T12:00:00.000001Z").returncode == PUBLISHED
        garbage.write_text("no JSON\n" * 1200)
        result = factory.refresh("--full-refresh")
        assert "rejected_share_is_small" in str(end(result)["message"]), "what came since counts"
        garbage.write_text("no JSON\n" * 1010)
        assert factory.refresh().returncode == PUBLISHED
        # also for a version that does not know of it, and when none is left
        assert rollback.main(["2", "--no-documents", "--home", str(factory.home.folder)]) == 0
        assert factory.refresh(as_of="2026-06-30T12:00:00.000002Z").returncode == PUBLISHED
        shutil.rmtree(factory.home.versions_folder)
        factory.home.published.unlink()
        assert factory.refresh("--no-documents").returncode == PUBLISHED
    finally:
        garbage.unlink()
    with duckdb.connect(str(factory.home.build / "passed.duckdb")) as connection:
        passed = "select max_rejected_share, rejected_rows from passed_rejections order by all"
        assert connection.execute(passed).fetchall() == [(0.01, others + 1010), (1, others + 1000)]
        # what passed of other logs does not count
        connection.execute("update passed_rejections set generation = 'other logs'")
    garbage.write_text("no JSON\n" * 1010)
    try:
        assert factory.refresh("--full-refresh").returncode == BAD_DATA
    finally:
        garbage.unlink()


def test_a_file_that_cannot_be_read_is_bad_data_until_it_is_gone(story: Story) -> None:
    factory = story.copy()
    for name, content, message in (
        ("c.parquet", "no Parquet", "c.parquet cannot be read as Parquet"),
        ("c.csv", "id,org_id\n1,a\n", "the required column event_type or eventType is missing in"),
        ("c.csv", "id,org_id\n1,a\n", "/c2.csv and 2 more, which has: id, org_id"),
        ("c.xlsx", "no log", "c.xlsx is of an unknown kind"),
    ):
        folder = factory.logs / "factory_events"
        bad = [(folder / name).with_stem(stem) for stem in ("c", "c1", "c2", "c3", "c4")]
        for path in bad:
            path.write_text(content)
        try:
            result = factory.refresh()
        finally:
            for path in bad:
                path.unlink()
        assert result.returncode == BAD_DATA, result.stderr
        assert message in str(end(result)["message"])
    assert factory.refresh().returncode in {PUBLISHED, NOTHING_NEW}
    assert factory.documents() == story.factory.documents()


def test_an_as_of_before_all_rows_is_not_published_by_mistake(story: Story) -> None:
    factory = story.copy()
    with duckdb.connect(str(factory.home.published), read_only=True) as reader:
        [(first,)] = reader.execute("select min(first_seen_at) from intermediate.int_orgs").fetchall()
    result = factory.refresh(as_of="2020-01-01")
    assert result.returncode == BROKEN_SETUP
    assert "start dbt" not in result.stderr
    assert (
        f"no row at or before the as-of 2020-01-01 00:00:00, the first one happened at {first} (UTC)"
        in str(end(result)["message"])
    )
    assert factory.home.current() == story.factory.home.current()
    assert factory.documents() == story.factory.documents()
    assert factory.refresh("--allow-empty", as_of="2020-01-01").returncode == PUBLISHED
    assert factory.documents() == {}
    assert factory.refresh().returncode == PUBLISHED
    assert factory.documents() == story.factory.documents()


def test_a_home_keeps_to_its_logs(story: Story, tmp_path: Path) -> None:
    factory = story.copy()
    (factory.home.build / "begun-anew").touch()  # by a run that was killed when it had just published
    for variables in ("{}", f"{{raw_path: {tmp_path}}}"):
        result = factory.refresh("--vars", variables)
        assert result.returncode == BROKEN_SETUP
        assert "was built from other logs" in str(end(result)["message"])
    factory.home.history.unlink()
    result = factory.refresh()
    assert result.returncode == BROKEN_SETUP
    assert "is gone, which has all rows that were read" in str(end(result)["message"])
    assert factory.documents() == story.factory.documents()


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        pytest.param("{raw_path: /nowhere}", "/nowhere/factory_events does not exist", id="no folder"),
        pytest.param("{raw_database: /nowhere.duckdb}", "/nowhere.duckdb cannot be read", id="no database"),
        pytest.param("[raw_path]", "is no mapping", id="no variables"),
        pytest.param("{raw_pth: /nowhere}", "raw_pth, which is no variable", id="unknown variable"),
        pytest.param("{as_of: '2026-02-30'}", "not an ISO 8601 instant", id="no such day"),
        pytest.param("{list_limit: -1}", "list_limit: -1, which must be a whole number", id="no list"),
        pytest.param("{raw_path: ", "is no YAML", id="no YAML"),
    ],
)
def test_a_broken_set_up_is_told_from_bad_data(variables: str, message: str, tmp_path: Path) -> None:
    factory = RefreshedHome(Home(tmp_path / "home"), tmp_path)
    result = forked.run_refresh(["--home", str(factory.home.folder), "--vars", variables])
    assert result.returncode == BROKEN_SETUP, result.stderr
    [line] = result.stderr.splitlines()  # before dbt starts
    assert message in line
    assert factory.home.current() is None


def test_models_that_are_no_more_keep_no_version_from_being_current(story: Story) -> None:
    factory = story.copy()
    current = factory.home.published.resolve()
    current.chmod(0o644)
    with duckdb.connect(str(current)) as connection:
        connection.execute("insert into internal.model_progress values ('int_of_old', 'old', 0)")
    assert factory.refresh("--no-documents").returncode == NOTHING_NEW


def test_documents_are_of_no_version_while_they_are_written(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = story.copy().home
    log = StepLog()
    assert not handing_out.write_version_documents(home, 2, home.documents, log), "they were copied, too"
    with monkeypatch.context() as patch:
        patch.setattr(handing_out, "write_documents", mock.Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            handing_out.write_version_documents(home, 1, home.documents, log)
    marker = home.build / "documents.json"
    assert not marker.exists()
    assert not handing_out.write_version_documents(home, 2, home.documents, log), "none was written"
    assert marker.exists()


def test_a_wrong_as_of_is_refused_before_anything_is_built(story: Story) -> None:
    factory = story.copy()
    result = factory.refresh(as_of="2026-06-31")
    assert result.returncode == BROKEN_SETUP
    assert [json.loads(line)["event"] for line in result.stderr.splitlines()] == ["end"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_so_in_a_line(story: Story, number: signal.Signals) -> None:
    factory = story.copy()
    command = [sys.executable, "scripts/refresh.py", "--home", str(factory.home.folder)]
    command += ["--vars", json.dumps({"raw_path": str(factory.logs)}), "--full-refresh", "--verbose"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "base_event_deliveries" in line:  # dbt is at work
                process.send_signal(number)
    expected = (
        f"interrupted by {number.name}, nothing is published; the next run goes on from what is there\n"
    )
    assert (process.returncode, lines[-1]) == (128 + number, expected)
    assert sum("interrupted" in line or "Traceback" in line for line in lines) == 1
    last = run_history.read(factory.home.runs)[-1]
    assert (last.outcome, last.message) == ("interrupted", f"interrupted by {number.name}")
    assert factory.home.current() == 2


def test_documents_that_are_gone_are_written_again_and_no_version_is_said_to_be(
    story: Story, tmp_path: Path
) -> None:
    # as in a URL, a pattern, or the path of a partition
    factory = story.factory.copy(tmp_path / "published_version=77/line=x/copy* of #1;%3F [a] 'home'")
    assert factory.refresh().returncode == NOTHING_NEW, "a copied home has all"
    for gone in ("one", "all"):
        if gone == "all":
            shutil.rmtree(factory.home.documents)
        else:
            min(factory.home.documents.rglob("7d.json")).unlink()
        result = factory.refresh()
        assert result.returncode == PUBLISHED
        assert str(end(result)["message"]).startswith("nothing new: version 2")
        assert run_history.read(factory.home.runs)[-1].outcome == "caught_up"
        assert factory.documents() == story.factory.documents()
    # and a build there
    assert factory.refresh("--keep-versions", "0", as_of=FIRST_AS_OF).returncode == PUBLISHED
    assert factory.refresh().returncode == PUBLISHED
    assert factory.documents() == story.factory.documents()


def test_what_is_damaged_is_named_with_a_way_out(story: Story) -> None:
    factory = story.copy()
    factory.home.history.write_bytes(b"damaged")
    message = str(end(factory.refresh())["message"])
    assert "history.duckdb, which has all rows that were read, cannot be opened" in message
    assert "put it back from a copy, or use --full-refresh" in message
    folder = str(factory.home.folder)
    assert rollback.main(["previous", "--home", folder]) == 0, "without the history"
    assert factory.documents() == story.first_documents
    kept = factory.home.rollback()
    assert kept is not None
    assert kept.batch_id == progress.landed_progress(story.factory.home)[1]
    assert rollback.main(["2", "--no-documents", "--home", folder]) == 0
    published = factory.home.version_file(2)
    published.unlink()
    published.write_bytes(b"damaged")
    message = str(end(factory.refresh())["message"])
    assert "version 2 cannot be read" in message
    assert "choose another with scripts/rollback.py; there are: 1" in message
    assert rollback.main(["2", "--home", folder]) == 2, "it cannot be read"
    assert rollback.main(["previous", "--home", folder]) == 0


def test_two_runs_never_overlap(story: Story) -> None:
    with (story.factory.home.build / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert story.factory.refresh().returncode == BUSY


def test_a_full_disk_leaves_what_is_published_and_the_next_run_goes_on(story: Story) -> None:
    factory = story.copy()
    before = factory.home.published.resolve()
    size = before.stat().st_size

    def limit_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))

    command = [sys.executable, "scripts/refresh.py", "--home", str(factory.home.folder), "--full-refresh"]
    command += ["--as-of", FIRST_AS_OF, "--vars", json.dumps({"raw_path": str(factory.logs)})]
    full = subprocess.run(
        command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=300, preexec_fn=limit_files
    )
    assert full.returncode == BROKEN_SETUP, full.stderr
    assert "the disk is full" in full.stderr.splitlines()[-1]
    assert factory.home.published.resolve() == before
    assert factory.refresh().returncode in {PUBLISHED, NOTHING_NEW}
    assert factory.documents() == story.factory.documents()


def test_one_command_rolls_back(story: Story) -> None:
    factory = story.copy()
    command = [sys.executable, "scripts/rollback.py", "--home", str(factory.home.folder)]
    subprocess.run([*command, "previous"], cwd=ROOT, check=True, capture_output=True)
    assert factory.home.current() == 1
    assert factory.documents() == story.first_documents
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert ["published" in line for line in listed.splitlines()] == [False, True]
    missing = subprocess.run([*command, "7"], cwd=ROOT, check=False, capture_output=True, text=True)
    assert (missing.returncode, "there are: 1, 2" in missing.stderr) == (2, True)
    # What was taken in meanwhile is published again, and of versions only so many stay.
    (factory.home.versions_folder / "00000000").mkdir()
    assert factory.refresh("--keep-versions", "1").returncode == PUBLISHED
    assert factory.home.versions() == [1, 2, 3], "somebody may be about to open the one that was published"
    os.utime(factory.home.version_file(1).parent, (0, 0))
    assert factory.refresh("--keep-versions", "1").returncode == NOTHING_NEW
    assert factory.home.versions() == [2, 3]
    with pytest.raises(UserError, match="there is no version before 3"):
        chosen_version(factory.home, "previous")
    assert {path.name for path in factory.home.versions_folder.iterdir()} == {"00000002", "00000003"}
    assert factory.documents() == story.factory.documents()


def test_a_number_that_comes_back_is_not_taken_for_the_version_that_is_lost(
    story: Story, postgresql: str
) -> None:
    factory = story.copy()
    options = ("--postgres-url", postgresql, "--postgres-schema", "lost_version")
    assert factory.refresh(*options).returncode == PUBLISHED
    shutil.rmtree(factory.home.version_file(2).parent)
    assert rollback.main(["previous", "--no-documents", "--home", str(factory.home.folder)]) == 0
    assert factory.home.next_version() == 3
    factory.home.runs.unlink()  # as nothing else knows that there was a version 2
    new = factory.logs / "factory_metrics" / "new.parquet"
    runs = new.parent / "*.parquet"
    duckdb.execute(f"copy (select * replace (id || 'n' as id) from '{runs}') to '{new}' (format parquet)")
    try:
        assert factory.refresh(*options).returncode == PUBLISHED
    finally:
        new.unlink()
    assert factory.home.current() == 2
    costs = "select org_id, time_range, total_cost from {}bi_aggregate order by all"
    with duckdb.connect(str(factory.home.published), read_only=True) as reader:
        expected = reader.execute(costs.format("")).fetchall()
        attach_raw_database(reader, postgresql)
        assert reader.execute(costs.format(f"{RAW_DATABASE_ALIAS}.lost_version.")).fetchall() == expected
    for org, time_range, cost in expected:
        document = json.loads(factory.documents()[f"{org}/aggregate/{time_range}.json"])
        assert document["metrics"]["totalCost"] == cost


def test_past_days_are_computed_without_touching_what_is_published(story: Story, tmp_path: Path) -> None:
    home = story.factory.home
    before = (home.published.resolve(), home.versions(), story.factory.documents())
    command = [
        sys.executable,
        "scripts/backfill.py",
        "--home",
        str(home.folder),
        "--out",
        str(tmp_path / "out"),
    ]
    command += ["--from", "2026-06-27", "--to", "2026-06-28"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    assert before == (home.published.resolve(), home.versions(), story.factory.documents())
    plain = Warehouse(tmp_path / "plain")
    plain.build(json.dumps({"raw_path": str(story.factory.logs), "as_of": "2026-06-28T23:59:59.999999Z"}))
    assert contents(plain.serialize()) == contents(tmp_path / "out" / "2026-06-28")
    assert contents(tmp_path / "out" / "2026-06-27") != contents(tmp_path / "out" / "2026-06-28")
    # a day before all rows would remove what is there
    command[-3:] = ["2020-01-01"]
    (tmp_path / "out" / "2026-06-28").rename(tmp_path / "out" / "2020-01-01")
    result = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=300)
    assert (result.returncode, result.stdout) == (2, "")
    assert "no row at or before the as-of 2020-01-01, the first one happened at " in result.stderr
    assert contents(tmp_path / "out" / "2020-01-01") == contents(plain.folder / "documents")


def test_another_version_of_a_model_is_built_anew(story: Story) -> None:
    factory = story.copy()
    factory.home.discard_empty_build()
    factory.home.start_build()
    factory.home.warehouse.chmod(0o644)
    with duckdb.connect(str(factory.home.warehouse)) as connection:
        # as an earlier version of this model would have left it
        connection.execute("update intermediate.int_runs set cost_usd = 1")
        connection.execute(
            "update internal.model_progress "
            "set generation = regexp_replace(generation, '[0-9a-f]+ [0-9a-f-]+$', 'x') "
            "where model = 'int_runs'"
        )
    assert (
        factory.refresh("--keep-versions", "0", as_of="2026-06-30T12:00:00.000001Z").returncode == PUBLISHED
    )
    assert factory.home.versions() == [2, 3], "somebody may be about to open the one before"
    assert factory.documents() == story.factory.documents()


def test_a_home_of_an_earlier_release_goes_on(story: Story, tmp_path: Path) -> None:
    factory = story.copy()
    published = factory.home.published.resolve()
    published.chmod(0o644)
    put_into_one_schema(published)
    assert factory.refresh("--no-documents").returncode == NOTHING_NEW
    command = [sys.executable, "scripts/backfill.py", "--home", str(factory.home.folder)]
    command += ["--from", "2026-06-28", "--to", "2026-06-28", "--out", str(tmp_path / "out")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    assert len(contents(tmp_path / "out")) == len(story.first_documents)
    gone = min(factory.logs.rglob("*.parquet"))
    gone.rename(tmp_path / "gone")
    try:
        result = factory.refresh(as_of="2026-06-30T12:00:00.000001Z")
    finally:
        (tmp_path / "gone").rename(gone)
    assert result.returncode == PUBLISHED, result.stderr
    assert factory.documents() == story.factory.documents()
    assert people_see(factory.home.published) == people_see(story.factory.home.published)
    assert not people_see(factory.home.published) & {
        "int",
        "as",
        "stg",
        "model",
        "passed",
        "time",
        "station_positions",
    }


def test_rows_of_files_that_are_gone_stay(story: Story, tmp_path: Path) -> None:
    factory = story.copy()
    log = min(factory.logs.rglob("*.parquet"))
    gone = log.rename(tmp_path / "gone")
    try:
        # with another setting, which makes all tests look at everything
        variables = json.dumps({"raw_path": str(factory.logs), "look_back_hours": 1})
        assert factory.refresh("--vars", variables).returncode == PUBLISHED
        assert factory.documents() == story.factory.documents()
        with duckdb.connect(str(factory.home.history)) as connection:
            # as if all logs had to be read again, by other macros
            connection.execute(
                "update model_progress set generation = regexp_replace(generation, ' .*', ' old/x y') "
                "where model = 'landed_parts'"
            )
        result = factory.refresh(as_of=SECOND_AS_OF)
        assert result.returncode == BROKEN_SETUP, result.stderr
        assert "parts of it that were read are gone" in str(end(result)["message"])
        assert factory.refresh("--full-refresh").returncode == PUBLISHED
        assert factory.documents() != story.factory.documents()
    finally:
        gone.rename(log)


def test_a_copy_in_postgresql_is_caught_up_with(story: Story, postgresql: str) -> None:
    factory = story.copy()
    unreachable = factory.refresh("--postgres-url", "postgresql://reader@127.0.0.1:1/postgres")
    assert unreachable.returncode == BROKEN_SETUP
    assert "cannot be copied to PostgreSQL" in unreachable.stderr
    assert factory.home.current() == 2
    options = ("--postgres-url", postgresql, "--postgres-schema", "caught_up_with")
    assert [factory.refresh(*options).returncode for _ in range(2)] == [PUBLISHED, NOTHING_NEW]
