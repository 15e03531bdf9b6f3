"""Check what becomes of input that is wrong: clear errors for files, rejected records for lines and rows."""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from conftest import VIEWS, Warehouse

from factory_metrics.logs.landing import WorkingCopies, list_log_files

AS_OF = "2026-06-30T12:00:00Z"
NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
NO_FORMULAS = (*NO_UNIT_TESTS, "--exclude", *VIEWS)
# The tables of deliveries, with the tests on them.
DELIVERIES = ("--select", "+delivery_counts", "+rejected_records", *NO_UNIT_TESTS)
EVENTS, RUNS = "factory_events", "factory_metrics"
HEADER = "id,org_id,event_type,occurred_at,ingested_at,payload"


def event_json(number: int, **columns: object) -> bytes:
    """Return a good event as a JSON line; columns replace the usual ones."""
    row = {
        "id": f"j{number}",
        "org_id": "acme",
        "event_type": "human.override",
        "occurred_at": "2026-06-29T10:00:00Z",
        "ingested_at": "2026-06-29T10:00:05Z",
        "payload": {},
    }
    return json.dumps(row | columns).encode() + b"\n"


def event_csv(name: str) -> bytes:
    """Return a good event as a CSV line, without its end."""
    return f"{name},acme,human.override,2026-06-29T10:00:00Z,2026-06-29T10:00:05Z,{{}}".encode()


def land(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files below a folder; both logs have a folder."""
    for log in (EVENTS, RUNS):
        (folder / log).mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def variables(raw: Path, as_of: str = AS_OF, share: float = 1.0) -> str:
    return json.dumps({"raw_path": str(raw), "as_of": as_of, "max_rejected_share": share})


# ---- input that stops a run


@dataclass(frozen=True)
class BadInput:
    """Something that stops a run: how to land it, and what the error must name."""

    land: Callable[[Path], str]
    names: tuple[str, ...]
    selection: tuple[str, ...] = ("--select", "+base_event_deliveries", "+base_run_deliveries")


def land_one_log(folder: Path) -> str:
    land(folder, {f"{EVENTS}/a.jsonl": event_json(1)})
    (folder / RUNS).rmdir()
    return variables(folder)


def land_csv_without_a_column(folder: Path) -> str:
    header, line = HEADER.replace(",occurred_at", ""), b"e1,acme,human.override,2026-06-29T10:00:05Z,{}"
    return variables(land(folder, {f"{EVENTS}/late.csv": header.encode() + b"\n" + line + b"\n"}))


def land_parquet_without_a_column(folder: Path) -> str:
    land(folder, {})
    duckdb.execute(
        "copy (select 'r1' as id, 'acme' as org_id, 's1' as session_id, 'qa' as station, 5 as cost_usd, "
        "timestamp '2026-06-29' as ingested_at, '{}' as metadata) "
        f"to '{folder / RUNS / 'timeless.parquet'}'"
    )
    return variables(folder)


def land_another_type_of_file(folder: Path) -> str:
    return variables(land(folder, {f"{EVENTS}/a.jsonl": event_json(1), f"{EVENTS}/notes.xlsx": b"PK"}))


ONLY_MODELS = ("--resource-type", "model", "--resource-type", "seed")
BAD_INPUTS = {
    "no folder at all": BadInput(lambda folder: variables(folder / "nowhere"), ("nowhere",)),
    "no folder for a log": BadInput(land_one_log, (RUNS,)),
    "a CSV file without a column": BadInput(land_csv_without_a_column, ("occurred_at", "late.csv")),
    "a Parquet file without one": BadInput(
        land_parquet_without_a_column, ("recorded_at or recordedAt", "timeless.parquet")
    ),
    "another type of file": BadInput(land_another_type_of_file, ("notes.xlsx",)),
    "an as-of that is no instant": BadInput(
        lambda folder: variables(land(folder, {}), as_of="last tuesday"),
        ("as_of", "last tuesday"),
        ("--select", "+aggregate_7d"),
    ),
}

# ---- input with lines and rows that are rejected

LINE = event_json(0).strip().decode()
GOOD_AND_BAD = {
    # name: (content, good rows, rejected rows by rule)
    "minimal.csv": (
        HEADER.encode() + b"\r\n" + event_csv("c1") + b"\r\n" + event_csv("c2") + b"\n\n" + event_csv("c3"),
        3,
        {},
    ),
    "header.csv": (HEADER.encode() + b"\n", 0, {}),
    "empty.jsonl": (b"", 0, {}),
    "fields.csv": (
        b"\n".join(
            [
                HEADER.encode() + b",region",
                event_csv("f1") + b",eu",
                event_csv("f2"),
                event_csv("f3") + b",eu,",
                b'"f4","acme"',
                event_csv("f5") + b',"a, b"',
                event_csv("f6") + b',"a, b","c"',
                event_csv("f7") + b",",
            ]
        ),
        3,
        {"unreadable": 4},
    ),
    "breaks.csv": (
        HEADER.encode()
        + b",project_id\n"
        + event_csv("b1")
        + b',"one\ntwo"\n'
        + event_csv("b2")
        + b',"one ""two"""\n',
        2,
        {},
    ),
    "latin1.csv": (
        b"\n".join(
            [
                HEADER.encode() + b",actor_id",
                event_csv("l1") + b",jo",
                event_csv("l2") + b",caf\xe9",
                event_csv("l3") + ",café".encode(),
            ]
        ),
        2,
        {"unreadable": 1},
    ),
    "latin1.jsonl": (
        event_json(1) + event_json(2).replace(b"acme", b"caf\xe9") + event_json(3, actor_id="café"),
        2,
        {"unreadable": 1},
    ),
    "extra.ndjson": (event_json(4, filename="x", rule=5) + event_json(5, project_id=None, line=[1]), 2, {}),
    # What some JSON readers let pass is still not JSON.
    "lenient.jsonl": (
        "\n".join(
            [
                LINE[:-1] + ",}",
                LINE[:-1] + ', "x": [1 , ]}',
                LINE[:-1] + ', "x": NaN}',
                LINE[:-1] + ', "x": -Infinity}',
                LINE + " // yes",
            ]
        ).encode(),
        0,
        {"unreadable": 5},
    ),
    "lenient_payload.jsonl": (
        b"".join(event_json(n, payload=p) for n, p in enumerate(['{"a": 1,}', '{"a": NaN}', "{} {}"])),
        0,
        {"invalid_payload": 3},
    ),
    "words.jsonl": (
        event_json(10, payload='{"a": "NaN, -Infinity", "b": ",}"}') + event_json(11, project_id="inf"),
        2,
        {},
    ),
    # A lone carriage return is white space to JSON; a quote that is never closed costs one line.
    "return.jsonl": (event_json(12).replace(b", ", b",\r "), 1, {}),
    "unclosed.csv": (
        b"\n".join([HEADER.encode(), event_csv("q1"), b'"q2,acme', event_csv("q3"), event_csv("q4")]),
        3,
        {"unreadable": 1},
    ),
    "large.csv": (
        b"\n".join(
            [HEADER.encode() + b",note", event_csv("v1") + b"," + b"x" * 20_000_000, event_csv("v2") + b","]
        ),
        1,
        {"unreadable": 1},
    ),
    "not_objects.jsonl": (b'42\nnull\n"text"\n\n \n{}\n', 0, {"missing_id": 4}),
    # No white space to JSON, so no blank line.
    "blanks.jsonl": (b"\n \t\r\n\x0b\n\xc2\xa0\n", 0, {"unreadable": 2}),
    "separator.jsonl": (
        event_json(13, payload={"reason": "a\\x01b \x01"}) + b"\\x01" + event_json(14) + b'{"id":"\x01"}\n',
        1,
        {"unreadable": 2},
    ),
    "separator.csv": (
        HEADER.encode() + b",note\n" + event_csv("s1") + b",a\\x01b\x01c\n" + event_csv("s2") + b",x,\\x01\n",
        1,
        {"unreadable": 1},
    ),
    "blank_first.csv": (b"\xef\xbb\xbf\r\n \n" + HEADER.encode() + b"\r\n" + event_csv("n1"), 1, {}),
    # Lists of rows: an array, objects one after the other, and a carriage return as the end of lines.
    "array.json": (
        b"[" + b",".join(event_json(n) for n in range(15, 20)) + b', "no object"]',
        5,
        {"unreadable": 1},
    ),
    "page.jsonl": (
        b'{"events": [' + event_json(20).strip() + b'], "next": null}\n[]\n' + event_json(21),
        2,
        {},
    ),
    "one_line.jsonl": (
        event_json(22).strip()
        + event_json(23).strip()
        + b'{"id": "cut off\n'
        + event_json(24).strip()
        + b"\r"
        + b"oops",
        3,
        {"unreadable": 2},
    ),
    "control.jsonl": (event_json(6) + b"a\x00b\n" + b"a\x01b\n" + event_json(7), 2, {"unreadable": 2}),
    "long.jsonl": (event_json(8, payload={"comment": "x" * 5_000_000}) + event_json(9), 2, {}),
}
ACCEPTED = sum(good for _, good, _ in GOOD_AND_BAD.values())
REJECTED = sum(sum(rules.values()) for _, _, rules in GOOD_AND_BAD.values())
SHARE = REJECTED / (ACCEPTED + REJECTED)


@dataclass(frozen=True)
class Runs:
    """The dbt commands, all under way."""

    bad_inputs: dict[str, Future[subprocess.CompletedProcess[str]]]
    below: tuple[Warehouse, Future[subprocess.CompletedProcess[str]]]
    above: tuple[Warehouse, Future[subprocess.CompletedProcess[str]]]
    empty: tuple[Warehouse, Future[subprocess.CompletedProcess[str]]]


@pytest.fixture(scope="module")
def runs(pool: ThreadPoolExecutor, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("reading")

    def start(
        name: str, command: str, text: str, *options: str
    ) -> tuple[Warehouse, Future[subprocess.CompletedProcess[str]]]:
        warehouse = Warehouse(folder / name.replace(" ", "_"))
        return warehouse, pool.submit(warehouse.dbt, command, text, *options)

    raw = land(
        folder / "raw", {f"{EVENTS}/{name}": content for name, (content, _, _) in GOOD_AND_BAD.items()}
    )
    empty = land(folder / "empty_raw", {})
    return Runs(
        below=start("below", "build", variables(raw, share=SHARE + 0.001), *NO_FORMULAS),
        above=start("above", "build", variables(raw, share=SHARE - 0.001), *DELIVERIES),
        empty=start("empty", "build", variables(empty, share=0), *NO_FORMULAS),
        bad_inputs={
            name: start(name, "build", bad.land(folder / f"raw {name}"), *bad.selection, *ONLY_MODELS)[1]
            for name, bad in BAD_INPUTS.items()
        },
    )


@pytest.mark.parametrize("name", BAD_INPUTS)
def test_a_clear_error_stops_the_run(name: str, runs: Runs) -> None:
    result = runs.bad_inputs[name].result()
    output = result.stdout + result.stderr
    assert result.returncode != 0, output
    for word in BAD_INPUTS[name].names:
        assert word in output
    assert "Traceback" not in output


def test_bad_lines_and_rows_do_not_stop_a_run_below_the_limit(runs: Runs) -> None:
    _, future = runs.below
    result = future.result()
    assert result.returncode == 0, result.stdout + result.stderr


def test_too_many_rejected_rows_fail_the_build(runs: Runs) -> None:
    _, future = runs.above
    result = future.result()
    assert result.returncode == 1, result.stdout + result.stderr


@pytest.mark.parametrize("name", GOOD_AND_BAD)
def test_rejected_rows_of_a_file(name: str, runs: Runs) -> None:
    warehouse, future = runs.below
    future.result()
    rejected = warehouse.rows(
        "select rule, count(*) from rejected_records "
        f"where log = '{EVENTS}' and regexp_matches(origin, '(^|/){re.escape(name)}') group by all"
    )
    assert {row[0]: row[1] for row in rejected} == GOOD_AND_BAD[name][2]


def test_every_other_row_is_accepted(runs: Runs) -> None:
    warehouse, future = runs.below
    future.result()
    counts: Counter[object] = Counter()
    for log, outcome, count in warehouse.rows("select log, outcome, row_count::integer from delivery_counts"):
        counts[log, outcome] += int(str(count))
    assert +counts == Counter({(EVENTS, "accepted"): ACCEPTED, (EVENTS, "rejected"): REJECTED})


def test_rejected_records_hold_the_row_as_it_arrived(runs: Runs) -> None:
    warehouse, future = runs.below
    future.result()
    records = [str(row[0]) for row in warehouse.rows("select record from rejected_records")]
    assert any(record.rstrip("\r\n") == event_csv("f3").decode() + ",eu," for record in records)
    assert any('"a": NaN' in record.replace('\\"', '"') for record in records)
    assert sum(record.rstrip("\r\n") in ("42", "null", '"text"', "{}") for record in records) == 4


def test_two_empty_logs_make_no_documents(runs: Runs) -> None:
    warehouse, future = runs.empty
    result = future.result()
    assert result.returncode == 0, result.stdout + result.stderr
    documents = warehouse.serialize()
    assert not [path for path in documents.iterdir() if path.is_dir()]


def test_names_of_folders_are_no_columns(tmp_path: Path) -> None:
    folder = tmp_path / "day=2026-06-29"
    folder.mkdir()
    duckdb.execute(f"copy (select 'e1' as id) to '{folder / 'a.parquet'}'")
    [file] = list_log_files(str(tmp_path))
    [part] = WorkingCopies().parts([file.part])
    assert part.columns == {"id": "VARCHAR"}
