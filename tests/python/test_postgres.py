"""Raw logs that live in PostgreSQL give the same documents as the same rows in DuckDB."""

import json
from pathlib import Path

import duckdb
from conftest import DEMO_AS_OF, ROOT, Warehouse

from factory_metrics.dbt_plugin import RAW_DATABASE_ALIAS, attach_raw_database

LOGS = ("factory_events", "factory_metrics")
BASE_MODELS = ("+base_event_deliveries", "+base_run_deliveries")


def land_demo(url: str) -> None:
    """Load the demo's logs into PostgreSQL, with the types that a database would have."""
    events, runs = (f"read_csv('{ROOT}/seeds/raw/{log}.csv', all_varchar=true)" for log in LOGS)
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        attach_raw_database(connection, url)
        connection.execute(f"detach {RAW_DATABASE_ALIAS}")
        connection.execute(f"attach '{url}' as landing (type postgres)")
        connection.execute("create schema landing.logs")
        connection.execute(f"""
            create table landing.logs.factory_events as select * replace (
                try_cast(occurred_at as timestamptz) as occurred_at,
                case when json_valid(payload) then payload end as payload
            ) from {events}
        """)
        connection.execute(f"""
            create table landing.logs.factory_metrics as select * replace (
                try_cast(cost_usd as decimal(18, 9)) as cost_usd
            ) from {runs}
        """)
        alter = "alter table logs.factory_events alter payload type jsonb using payload::jsonb"
        connection.execute(f"call postgres_execute('landing', '{alter}')")


def test_logs_in_postgresql_give_the_documents_of_the_seeds(
    demo: Warehouse, postgresql: str, tmp_path: Path
) -> None:
    land_demo(postgresql)
    from_postgres = Warehouse(tmp_path / "postgres")
    from_postgres.build(f"{{as_of: '{DEMO_AS_OF}', raw_database: '{postgresql}', raw_schema: logs}}")
    expected, found = demo.serialize(), from_postgres.serialize()
    files = sorted(path.relative_to(expected) for path in expected.rglob("*.json"))
    assert len(files) == 3 * 21 + 1
    for file in files:
        assert (found / file).read_bytes() == (expected / file).read_bytes(), file


# What numerics hold, and what becomes of it: a cost and a length of time, or None for `invalid_measure`.
NUMERICS: dict[tuple[str, str], tuple[str, str] | None] = {
    ("0.1", "5"): ("0.100000000", "5.000000000"),
    ("123456789.123456789", "5"): ("123456789.123456789", "5.000000000"),
    ("9999999999999999999.999999999", "9223372036854775807"): (
        "9999999999999999999.999999999",
        "9223372036854775807.000000000",
    ),
    ("NaN", "5"): None,
    ("1", "NaN"): None,
    ("Infinity", "5"): None,
    ("-Infinity", "5"): None,
    ("-0.0000000000001", "5"): None,
}


def test_numerics_are_what_they_are(postgresql: str, tmp_path: Path) -> None:
    """Also those without a precision, and in the hours that a later run reads of a table."""
    with duckdb.connect() as connection:
        attach_raw_database(connection, postgresql)
        connection.execute(f"detach {RAW_DATABASE_ALIAS}")
        connection.execute(f"attach '{postgresql}' as landing (type postgres)")

        def execute(statement: str) -> None:
            connection.execute("call postgres_execute('landing', ?)", [statement])

        execute("""
            create schema "Other logs";
            create table "Other logs".factory_events (
                id uuid, org_id text, event_type varchar(40), occurred_at timestamptz,
                ingested_at timestamptz, payload jsonb, weight numeric
            );
            create table "Other logs".factory_metrics (
                id bigint, org_id text, session_id text, station text, "Cost_USD" numeric,
                duration_ms numeric(20, 0), recorded_at timestamp, ingested_at timestamp, metadata json
            );
            insert into "Other logs".factory_events
            select
                gen_random_uuid(), 'pg', 'human.override', occurred_at, '2026-06-29 10:00Z', '{}', 'NaN'
            from unnest(array[
                '2026-06-29 10:00+02', 'infinity', '4713-01-01 00:00Z BC', '294000-01-01 00:00Z'
            ]::timestamptz[]) as occurred_at
        """)
        warehouse = Warehouse(tmp_path / "numerics")
        variables = f"{{raw_database: '{postgresql}', raw_schema: Other logs, max_rejected_share: 1}}"
        selection = ("--exclude-resource-type", "test", "--select", *BASE_MODELS)
        ingestions = ("2026-06-29 10:00", "2026-06-29 12:59:59.999999", "infinity", None)
        measures = list(NUMERICS)
        for place, ingested_at in enumerate(ingestions):
            for number, (cost, duration) in enumerate(measures):
                quoted = f"'{ingested_at}'" if ingested_at else "null"
                execute(f"""
                    insert into "Other logs".factory_metrics values (
                        {place * 100 + number}, 'pg', 's', 'qa', '{cost}', '{duration}', '2026-06-29 10:00',
                        {quoted}, '{{}}'
                    )
                """)
            if place != 1:  # the first hour alone, then two, then no hour, then the run's own time
                warehouse.build(variables, *selection)
    found = warehouse.rows("""
        select run_id::integer, cost_usd::varchar, duration_ms::varchar, rejected_rule, record
        from staging.base_run_deliveries order by 1
    """)
    assert len(found) == len(ingestions) * len(measures)
    for run_id, *measured, rule, record in found:
        assert isinstance(run_id, int)
        delivered = measures[run_id % 100]
        expected = NUMERICS[delivered]
        if 200 <= run_id < 300:
            assert rule == "invalid_timestamp"
        else:
            assert (None if rule == "invalid_measure" else tuple(measured)) == expected, delivered
        if rule is not None:  # as it arrived
            kept = json.loads(str(record))
            assert (kept["cost_usd"], kept["duration_ms"]) == delivered
    rules = warehouse.rows(
        "select rejected_rule, count(*) from staging.base_event_deliveries group by 1 order by 1"
    )
    assert rules == [("invalid_timestamp", 3), (None, 1)]
