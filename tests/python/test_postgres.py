"""Raw logs that live in PostgreSQL give the same documents as the same rows in DuckDB."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from conftest import ROOT, Warehouse

from factory_metrics.dbt_plugin import RAW_DATABASE_ALIAS, attach_raw_database

LOGS = ("factory_events", "factory_metrics")
AS_OF = "2026-06-30T12:00:00Z"
PROGRAMS = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


def run_as_server(*command: str | Path) -> None:
    """Run a program of the server's; it refuses root, for whom its package made a user."""
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*user, *map(str, command)], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a PostgreSQL server of its own; its URL is the result."""
    if PROGRAMS is None:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    # A socket's path must be short, and the server's user must be able to reach it.
    folder = Path("/tmp") / tmp_path_factory.mktemp("server").name  # noqa: S108
    folder.mkdir(mode=0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    try:
        run_as_server(PROGRAMS / "initdb", "-D", data, "-A", "trust", "-U", "reader")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
        run_as_server(PROGRAMS / "pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "start")
        try:
            yield f"postgresql://reader@127.0.0.1:{port}/postgres"
        finally:
            run_as_server(PROGRAMS / "pg_ctl", "-D", data, "-m", "fast", "-w", "stop")
    finally:
        shutil.rmtree(folder)


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


def test_logs_in_postgresql_give_the_documents_of_the_seeds(server: str, tmp_path: Path) -> None:
    land_demo(server)
    from_seeds, from_postgres = Warehouse(tmp_path / "seeds"), Warehouse(tmp_path / "postgres")
    from_seeds.build(f"{{as_of: '{AS_OF}'}}")
    from_postgres.build(f"{{as_of: '{AS_OF}', raw_database: '{server}', raw_schema: logs}}")
    expected, found = from_seeds.serialize(), from_postgres.serialize()
    files = sorted(path.relative_to(expected) for path in expected.rglob("*.json"))
    assert len(files) == 3 * 21 + 1
    for file in files:
        assert (found / file).read_bytes() == (expected / file).read_bytes(), file
