"""Check that logs are read in the forms that real ones have: names, missing values, compression."""

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from landed_logs import Builder, Log, file_builder, logs_in_files

RUN = {
    "org_id": "acme",
    "session_id": "s1",
    "station": "qa",
    "duration_ms": "5",
    "recorded_at": "2026-06-29T10:00:00Z",
    "ingested_at": "2026-06-29T10:00:05Z",
    "metadata": "{}",
}


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    with file_builder(tmp_path_factory.mktemp("files")) as started:
        yield started


@pytest.fixture
def logs(tmp_path: Path, builder: Builder) -> Log:
    return logs_in_files(builder, tmp_path / "factory.duckdb")


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


def test_a_measure_without_a_value_is_unknown_and_a_bad_one_is_rejected(logs: Log) -> None:
    folder = logs.place / "factory_metrics"
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
    assert logs.run()
    found = logs.query("select run_id, coalesce(rejected_rule, cost_usd::varchar) from base_run_deliveries")
    assert {row[0]: row[1] for row in found} == expected
