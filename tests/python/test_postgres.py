"""Raw logs that live in PostgreSQL give the same documents as the same rows in DuckDB."""

from pathlib import Path

import duckdb
from conftest import DEMO_AS_OF, ROOT, Warehouse

from factory_metrics.dbt_plugin import RAW_DATABASE_ALIAS, attach_raw_database

LOGS = ("factory_events", "factory_metrics")


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
