"""The made-up logs: the demo's seeds are what the generator makes, and large logs keep their promises."""

import filecmp
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median

import duckdb
import pytest

import generate_logs
from factory_metrics.project import ROOT
from factory_metrics.synthetic import demo_factory, demo_orgs, stories, working_time
from factory_metrics.synthetic.generator import LogsRequest, Made, generate

SEEDS = ROOT / "seeds" / "raw"
Command = Callable[..., tuple[int, str, str]]
END = datetime(2026, 6, 30, 12, tzinfo=UTC)
EVENT_TYPES = {
    "work-item.started",
    "work-item.handoff",
    "work-item.rework",
    "work-item.completed",
    "human.review-started",
    "human.review-completed",
    "human.override",
    "agent.tool-summary",
    "agent.crash-recovery",
    "pipeline.started",
    "pipeline.finished",
    "deployment.finished",
    "incident.opened",
    "incident.resolved",
}


def request(folder: Path, **changes: int | bool | datetime) -> LogsRequest:
    usual = {"events": 4000, "orgs": 5, "begin": END - timedelta(days=20), "end": END, "continues": False}
    return LogsRequest(folder=folder, **(usual | changes))  # type: ignore[arg-type]


def make(folder: Path, **changes: int | bool | datetime) -> Made:
    return generate(request(folder, **changes), report=lambda _line: None)


def query(sql: str, folder: Path) -> list[tuple[object, ...]]:
    """Run SQL that names the logs of `folder` as `events` and `runs`."""
    con = duckdb.connect()
    for name, log in (("events", "factory_events"), ("runs", "factory_metrics")):
        files = con.read_parquet(f"{folder}/{log}/*.parquet", file_row_number=True, filename=True)
        files.create_view(name)
    return con.execute(sql).fetchall()


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line in this process; the exit code, stdout and stderr are the result."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["generate_logs.py", *arguments])
        code = 0
        try:
            generate_logs.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def seeds() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    for log in ("factory_events", "factory_metrics"):
        con.read_csv(str(SEEDS / f"{log}.csv"), all_varchar=True).create_view(log)
    return con


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    make(folder)
    return folder


@pytest.mark.parametrize("name", ["factory_events.csv", "factory_metrics.csv"])
def test_demo_makes_the_committed_seeds(name: str, tmp_path: Path) -> None:
    demo_factory.write_demo(tmp_path)
    assert filecmp.cmp(tmp_path / name, SEEDS / name, shallow=False), (
        "run scripts/dev/generate_logs.py demo --out seeds/raw"
    )


@pytest.mark.parametrize("org", demo_orgs.ORGS, ids=lambda org: org.id)
def test_stories_are_as_a_team_would_live_them(org: demo_orgs.Org) -> None:
    """Machines and people take their time, and nothing goes out that has not passed."""
    rng = Random(7)
    durations, latencies = [], []
    for _ in range(150):
        story = stories.tell(rng, org.character)
        moved_at = released_at = -1
        statuses: dict[object, object] = {}
        for happening in sorted(story.happenings, key=lambda of: of.at + of.later):
            at, payload = happening.at + happening.later, happening.payload
            match happening.event_type:
                case "work-item.handoff":
                    moved_at = at
                case "human.review-completed" if moved_at >= 0:
                    latencies.append(at - moved_at)
                case "pipeline.started":
                    statuses[payload["pipelineId"]] = payload["name"]
                case "pipeline.finished" if payload["status"] == "success":
                    released_at = at if statuses[payload["pipelineId"]] == "release" else released_at
                case "deployment.finished" if not payload["isRollback"]:
                    assert 0 <= released_at <= at
                case "incident.opened" if payload["severity"] == "critical":
                    resolutions = [
                        of
                        for of in story.happenings
                        if of.event_type == "incident.resolved"
                        and of.payload["incidentId"] == payload["incidentId"]
                    ]
                    assert len(resolutions) == 1
        durations += [run.duration_ms / 60_000 for run in story.runs]
    assert min(latencies) >= 5 * working_time.MINUTE
    assert 2 * working_time.HOUR < median(latencies) < 24 * working_time.HOUR
    assert 4 < median(durations) < 20


@pytest.mark.parametrize("name", ["factory_events.csv", "factory_metrics.csv"])
def test_demo_is_small_enough_for_dbt_to_compare(name: str) -> None:
    """A seed above 1 MiB is compared by its path only, and dbt warns of it at each `state:modified`."""
    assert (SEEDS / name).stat().st_size < 1024 * 1024


def test_demo_has_every_event_type_of_every_org(seeds: duckdb.DuckDBPyConnection) -> None:
    found = seeds.execute(
        "select org_id, list(distinct event_type) from factory_events where org_id is not null group by all"
    ).fetchall()
    assert len(found) == len(demo_orgs.ORGS)
    for org, event_types in found:
        assert set(event_types) >= EVENT_TYPES, org


@pytest.mark.parametrize(
    ("log", "broken"),
    [
        pytest.param("factory_events", "trim(coalesce(id, '')) = ''", id="event-missing_id"),
        pytest.param("factory_events", "org_id is null", id="event-missing_org"),
        pytest.param("factory_events", "event_type = 'work-item.paused'", id="event-unknown_event_type"),
        pytest.param(
            "factory_events", "try_cast(occurred_at as timestamptz) is null", id="event-invalid_timestamp"
        ),
        pytest.param(
            "factory_events",
            "try_cast(occurred_at as timestamptz) - try_cast(ingested_at as timestamptz) > interval '1 day'",
            id="event-future_timestamp",
        ),
        pytest.param("factory_events", "not json_valid(payload)", id="event-invalid_payload"),
        pytest.param(
            "factory_events",
            "event_type = 'work-item.started' and issue_id is null",
            id="event-missing_subject",
        ),
        pytest.param(
            "factory_events",
            "event_type = 'incident.opened' and payload not like '%incidentId%'",
            id="event-missing_incident",
        ),
        pytest.param("factory_events", """payload = '{"stage":"staging"}'""", id="event-unknown_station"),
        pytest.param("factory_metrics", "id is null", id="run-missing_id"),
        pytest.param("factory_metrics", "trim(org_id) = ''", id="run-missing_org"),
        pytest.param(
            "factory_metrics", "try_cast(recorded_at as timestamptz) is null", id="run-invalid_timestamp"
        ),
        pytest.param(
            "factory_metrics",
            "try_cast(recorded_at as timestamptz) - try_cast(ingested_at as timestamptz) > interval '1 day'",
            id="run-future_timestamp",
        ),
        pytest.param("factory_metrics", "not json_valid(metadata)", id="run-invalid_payload"),
        pytest.param("factory_metrics", "session_id is null", id="run-missing_subject"),
        pytest.param("factory_metrics", "station = 'testing'", id="run-unknown_station"),
        pytest.param("factory_metrics", "cost_usd like '-%'", id="run-invalid_measure"),
    ],
)
def test_demo_has_few_rows_that_break_a_rule(seeds: duckdb.DuckDBPyConnection, log: str, broken: str) -> None:
    ((rows,),) = seeds.execute(f"select count(*) from {log} where {broken}").fetchall()
    assert 1 <= rows <= 3


def test_demo_ends_at_its_end(seeds: duckdb.DuckDBPyConnection) -> None:
    ((latest,),) = seeds.execute(
        "set timezone = 'UTC'; "
        "select max(try_cast(occurred_at as timestamptz)::timestamp) from factory_events"
    ).fetchall()
    assert END - timedelta(hours=1) < latest.replace(tzinfo=UTC) <= END


def test_logs_are_the_same_every_time(logs: Path, tmp_path: Path) -> None:
    made = make(tmp_path)
    files = [path.relative_to(tmp_path) for path in tmp_path.glob("*/*.parquet")]
    assert len(files) == made.files == 2
    for file in files:
        assert filecmp.cmp(tmp_path / file, logs / file, shallow=False), file


def test_logs_have_the_events_asked_for_and_runs_in_proportion(logs: Path) -> None:
    ((events, runs),) = query("select (select count(*) from events), (select count(*) from runs)", logs)
    assert events == 4000
    assert isinstance(runs, int)
    assert 0.2 < runs / 4000 < 0.4


@pytest.mark.parametrize(
    ("log", "content"),
    [
        pytest.param("events", "event_type, issue_id, session_id, occurred_at, payload", id="events"),
        pytest.param("runs", "issue_id, session_id, station, cost_usd, recorded_at, metadata", id="runs"),
    ],
)
def test_logs_repeat_an_id_only_in_redeliveries(logs: Path, log: str, content: str) -> None:
    ((repeated, differing),) = query(
        f"""
        select sum(deliveries - 1), count(*) filter (contents > 1) from (
            select count(*) as deliveries, count(distinct row({content})) as contents
            from {log} where trim(id) <> '' group by org_id, id
        )
        """,
        logs,
    )
    assert repeated
    assert differing == 0


def test_logs_keep_to_their_period_in_order_of_arrival(logs: Path) -> None:
    ((first, last, latest),) = query(
        "select min(ingested_at), max(ingested_at), max(occurred_at) from events", logs
    )
    begin, end = ((END - timedelta(days=20)).replace(tzinfo=None), END.replace(tzinfo=None))
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    assert isinstance(latest, datetime)
    assert begin <= first < last < end
    assert latest < end
    assert query(
        """
        select count(*) from (
            select ingested_at < lag(ingested_at) over (order by file_row_number) as is_late from events
        ) where is_late
        """,
        logs,
    ) == [(0,)]


def test_a_later_period_continues_the_log(logs: Path, tmp_path: Path) -> None:
    make(tmp_path, begin=END, end=END + timedelta(days=1), continues=True, events=300)
    batch = f"read_parquet('{tmp_path}/factory_events/*.parquet')"
    ((events, from_before, repeated),) = query(
        f"""
        select
            count(*),
            count(*) filter (issue_id in (select issue_id from events)),
            (select count(*) from {batch} inner join events using (org_id, id, ingested_at))
        from {batch}
        """,
        logs,
    )
    assert events == 300
    assert isinstance(from_before, int)
    assert 0 < from_before < 300
    assert repeated == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param([], "required", id="no-command"),
        pytest.param(["logs", "--events", "10"], "--out", id="no-folder"),
        pytest.param(["logs", "--out", "{tmp}", "--events", "0"], "0 is not above 0", id="no-events"),
        pytest.param(
            ["logs", "--out", "{tmp}", "--events", "9", "--end", "soon"], "'soon'", id="bad-instant"
        ),
        pytest.param(
            ["logs", "--out", "{tmp}", "--events", "9", "--start", "2026-06-01"],
            "--orgs",
            id="start-without-orgs",
        ),
        pytest.param(
            ["logs", "--out", "{tmp}", "--events", "9", "--orgs", "2", "--start", "2026-07-01"],
            "is not before",
            id="start-after-end",
        ),
        pytest.param(
            ["logs", "--out", "{tmp}", "--events", "9", "--days", "9999999"], "at most", id="too-long"
        ),
        pytest.param(["logs", "--out", "{tmp}/file", "--events", "9"], "cannot write", id="out-is-a-file"),
        pytest.param(
            ["logs", "--out", "{logs}", "--events", "9", "--days", "20"], "there already", id="made-before"
        ),
    ],
)
def test_bad_arguments_exit_with_2(
    arguments: list[str], message: str, logs: Path, tmp_path: Path, command: Command
) -> None:
    (tmp_path / "file").touch()
    code, _, error = command(*(argument.format(tmp=tmp_path, logs=logs) for argument in arguments))
    assert code == 2
    assert message in error


def test_the_command_says_what_it_made(tmp_path: Path, command: Command) -> None:
    code, output, progress = command("logs", "--out", str(tmp_path), "--events", "100", "--days", "9")
    assert code == 0
    assert output.startswith("100 events, ")
    assert progress.startswith("chunk 1 of 1: 100 events, ")


def test_the_command_makes_the_demo(tmp_path: Path, command: Command) -> None:
    code, output, _ = command("demo", "--out", str(tmp_path / "new"), "--seed", "7")
    assert code == 0
    assert output.endswith(" s\n")
    assert (tmp_path / "new" / "factory_metrics.csv").stat().st_size > 100_000
