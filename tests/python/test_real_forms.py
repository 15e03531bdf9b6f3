"""Check that logs are read in the forms that real ones have: names, missing values, compression."""

import gzip
import json
import tracemalloc
from pathlib import Path

import duckdb
import pytest
from backports import zstd
from landed_logs import Builder, Log

from factory_metrics.logs.landing import WorkingCopies, list_log_files
from factory_metrics.logs.log_rows import LandingError

RUN = {
    "org_id": "acme",
    "session_id": "s1",
    "station": "qa",
    "duration_ms": "5",
    "recorded_at": "2026-06-29T10:00:00Z",
    "ingested_at": "2026-06-29T10:00:05Z",
    "metadata": "{}",
}


BAD = "invalid_measure"
# A cost in JSON, and what becomes of it.
COSTS_IN_JSON = {
    "null": None,
    '""': None,
    r'" \t\u00a0"': None,
    "0": "0.000000000",
    '"1.5"': "1.500000000",
    "true": BAD,
    "{}": BAD,
    "[]": BAD,
    '"null"': BAD,
    '"NaN"': BAD,
    "-1": BAD,
    '"1 USD"': BAD,
}
# A cost in SQL, as a typed column may have it.
COSTS_IN_COLUMNS = {
    "null::double": None,
    "'NaN'::double": BAD,
    "'infinity'::double": BAD,
    "(-0.5)::double": BAD,
    "1.5::double": "1.500000000",
    "12.34::float": "12.340000000",
    "(-0.5)::float": BAD,
    "'NaN'::float": BAD,
    "null::decimal(18, 9)": None,
    "(-1)::decimal(18, 9)": BAD,
    "null::varchar": None,
    "' '::varchar": None,
    "'x'::varchar": BAD,
    "'null'::json": None,
    """'" "'::json""": None,
    "'true'::json": BAD,
    "'1.5'::json": "1.500000000",
    "''::blob": None,
    "'x'::blob": BAD,
    "true": BAD,
    "null::integer[]": None,
    "[1]": BAD,
}


def test_a_measure_without_a_value_is_unknown_and_a_bad_one_is_rejected(files: Log) -> None:
    folder = files.place / "factory_metrics"
    expected: dict[str, object] = {}
    lines = []
    for number, (cost, outcome) in enumerate(COSTS_IN_JSON.items()):
        expected[f"json {number} {cost}"] = outcome
        row = RUN | {"id": f"json {number} {cost}"}
        lines.append(json.dumps(row)[:-1] + f', "cost_usd": {cost}}}\n')
    lines.append(json.dumps(RUN | {"id": "json absent"}))
    (folder / "a.jsonl").write_text("".join(lines))
    (folder / "a.csv").write_text(
        "id,org_id,session_id,station,recorded_at,ingested_at,metadata,cost_usd\n"
        + "".join(
            f"csv {cost},acme,s1,qa,2026-06-29,2026-06-29,{{}},{cost}\n" for cost in ("", "  ", "x", "1.5")
        )
    )
    (folder / "b.csv").write_text(
        "id,org_id,session_id,station,recorded_at,ingested_at,metadata\n"
        "csv absent,acme,s1,qa,2026-06-29,2026-06-29,{}\n"
    )
    expected |= {"json absent": None, "csv ": None, "csv   ": None, "csv x": BAD, "csv 1.5": "1.500000000"}
    expected |= {"csv absent": None, "parquet absent": None}
    for number, (cost, outcome) in enumerate({"": None, **COSTS_IN_COLUMNS}.items()):
        name = f"parquet {number} {cost}" if cost else "parquet absent"
        expected[name] = outcome
        selected = [f"'{value}' as {column}" for column, value in RUN.items()]
        selected += [f"{cost} as cost_usd"] if cost else []
        quoted = name.replace("'", "''")
        duckdb.execute(
            f"copy (select '{quoted}' as id, {', '.join(selected)}) to '{folder}/{number}.parquet'"
        )
    assert files.run()
    found = files.query(
        "select run_id, coalesce(rejected_rule, cost_usd::varchar) from staging.base_run_deliveries"
    )
    assert {row[0]: row[1] for row in found} == expected


AT, LATER = "2026-06-29T10:00:00Z", "2026-06-29T12:00:00Z"
EVENT: dict[str, object] = {
    "event_type": "human.override",
    "org_id": "acme",
    "occurred_at": AT,
    "payload": {},
}
ALL_NAMES = (
    *("id", "event_type", "eventType", "org_id", "orgId", "issue_id", "issueId", "occurred_at", "occurredAt"),
    *("timestamp", "created_at", "createdAt", "ingested_at", "ingestedAt", "payload"),
)
# Rows, by what is special about them, and what becomes of them: a rule, or the org, issue and both times.
ROWS: dict[str, tuple[dict[str, object], str | tuple[object, ...]]] = {
    "snake": (EVENT | {"ingested_at": LATER}, ("acme", None, AT, LATER)),
    "camel": (
        {
            "eventType": "human.override",
            "orgId": "acme",
            "occurredAt": AT,
            "ingestedAt": LATER,
            "payload": {},
        },
        ("acme", None, AT, LATER),
    ),
    "both": (EVENT | {"orgId": "other", "occurredAt": "x", "issueId": "i1"}, ("acme", "i1", AT, AT)),
    "blank": (
        EVENT | {"org_id": " ", "orgId": "other", "occurred_at": "", "occurredAt": AT},
        ("other", None, AT, AT),
    ),
    "timestamp": (
        EVENT | {"occurred_at": None, "timestamp": AT, "created_at": LATER},
        ("acme", None, AT, AT),
    ),
    "created": (
        EVENT | {"occurred_at": None, "timestamp": " ", "createdAt": AT, "ingested_at": LATER},
        ("acme", None, AT, LATER),
    ),
    "no time": (EVENT | {"occurred_at": None}, "invalid_timestamp"),
    "a bad time": (EVENT | {"occurred_at": "x", "timestamp": AT}, "invalid_timestamp"),
    "a bad landing": (EVENT | {"ingested_at": "x", "ingestedAt": AT}, "invalid_timestamp"),
    "payload": (EVENT | {"payload": {"issueId": "i1"}}, ("acme", "i1", AT, AT)),
    "payload and column": (EVENT | {"payload": {"issueId": "i1"}, "issueId": "i2"}, ("acme", "i2", AT, AT)),
    "no payload": (EVENT | {"payload": None}, ("acme", None, AT, AT)),
    "a bad payload": (EVENT | {"payload": "null"}, "invalid_payload"),
    "no org": (EVENT | {"org_id": None}, "missing_org"),
}


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def write_rows(folder: Path, form: str) -> None:
    """Write ROWS as files of one form."""
    rows = [{"id": f"{form} {name}"} | row for name, (row, _) in ROWS.items()]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    columns = [[_text(row.get(name)) for name in ALL_NAMES] for row in rows]
    with duckdb.connect() as connection:
        declared = ", ".join(f'"{name}" varchar' for name in ALL_NAMES)
        connection.execute(f"create table logged ({declared})")
        connection.executemany(f"insert into logged values ({', '.join('?' * len(ALL_NAMES))})", columns)
        match form:
            case "lines":
                (folder / "a.jsonl").write_text(lines)
            case "pages":
                page = {"events": rows, "nextCursor": None}
                (folder / "a.json.gz").write_bytes(gzip.compress(json.dumps(page, indent=1).encode()))
            case "zstd":
                (folder / "a.ndjson.zst").write_bytes(
                    b"".join(map(zstd.compress, lines.encode().splitlines(keepends=True)))
                )
            case "csv":
                connection.execute(f"copy logged to '{folder}/b.csv' (header)")
                (folder / "b.csv.gz").write_bytes(gzip.compress((folder / "b.csv").read_bytes()))
                (folder / "b.csv").unlink()
            case "parquet":
                connection.execute(f"copy logged to '{folder}/a.parquet'")
            case "table":
                connection.execute(f"attach '{folder}' as place")
                connection.execute("create or replace table place.main.factory_events as from logged")


def check_rows(logs: Log, forms: list[str]) -> None:
    """Check what became of ROWS."""
    found = logs.query(
        "select event_id, coalesce(rejected_rule, ''), org_id, issue_id, "
        "strftime(occurred_at, '%Y-%m-%dT%H:%M:%SZ'), strftime(ingested_at, '%Y-%m-%dT%H:%M:%SZ') "
        "from staging.base_event_deliveries"
    )
    expected = {f"{form} {name}": outcome for form in forms for name, (_, outcome) in ROWS.items()}
    assert {row[0]: row[1] or row[2:] for row in found} == expected


def test_columns_have_many_names_in_files(files: Log) -> None:
    forms = ["lines", "pages", "zstd", "csv", "parquet"]
    for form in forms:
        write_rows(files.place / "factory_events", form)
    assert files.run()
    check_rows(files, forms)
    origins = files.query(
        "select distinct regexp_extract(origin, '[^/]*$') from staging.base_event_deliveries order by 1"
    )
    assert [row[0] for row in origins] == ["a.json.gz", "a.jsonl", "a.ndjson.zst", "a.parquet", "b.csv.gz"]


def test_columns_have_many_names_in_tables(tmp_path: Path) -> None:
    """Also the hours of a table, of which some rows have no time of landing."""
    place = tmp_path / "landed.duckdb"
    builder = Builder(tmp_path, {"raw_database": str(place), "raw_schema": "main", "max_rejected_share": 1})
    try:
        write_rows(place, "table")
        with duckdb.connect(str(place)) as connection:
            connection.execute(
                'create table factory_metrics (id text, "sessionId" text, "orgId" text, station text, '
                '"createdAt" timestamp, timestamp timestamp)'
            )
            connection.execute(f"insert into factory_metrics values ('r1', 's', 'acme', 'qa', '{AT}', null)")
        logs = Log(place, tmp_path / "factory.duckdb", builder)
        assert logs.run()
        check_rows(logs, ["table"])
        for at in ("null, '2026-06-29 10:30'", "'2026-06-29 13:00', null", "null, null"):
            with duckdb.connect(str(place)) as connection:
                connection.execute(
                    f"insert into factory_metrics values ('{at[:3]}', 's', 'acme', 'qa', {at})".replace(
                        "''", "'"
                    )
                )
            assert logs.run()
        runs = logs.query(
            "select strftime(recorded_at, '%H:%M'), ingested_at = recorded_at, rejected_rule "
            "from staging.base_run_deliveries order by all"
        )
        rule = "invalid_timestamp"
        assert runs == [
            ("10:00", True, None),
            ("10:30", True, None),
            ("13:00", True, None),
            (None, None, rule),
        ]
    finally:
        builder.stop()


def test_a_large_archive_is_unpacked_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compressor = zstd.ZstdCompressor(
        options={zstd.CompressionParameter.window_log: 28}
    )  # as `zstd --long=28`
    packed = compressor.compress((b" " * 999 + b"\n") * 300_000) + compressor.flush()
    (tmp_path / "a.jsonl.zst").write_bytes(packed)
    (tmp_path / "empty.jsonl.gz").write_bytes(gzip.compress(b""))
    files = [file.part for file in list_log_files(str(tmp_path))]
    tracemalloc.start()
    assert [part.row_count for part in WorkingCopies().row_counts(files)] == [0, 0]
    assert tracemalloc.get_traced_memory()[1] < 30_000_000
    tracemalloc.stop()

    def is_full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("factory_metrics.logs.compressed_files.shutil.copyfileobj", is_full)
    with pytest.raises(LandingError, match=r"a\.jsonl\.zst needs a working copy.*make room"):
        WorkingCopies().row_counts(files)
