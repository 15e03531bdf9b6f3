"""What a home's databases say of how far runs have come: SQL on `model_progress` and what goes with it."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import duckdb

from factory_metrics.project import ROOT, UserError
from factory_metrics.runs import run_history
from factory_metrics.schemas import find_in_all_schemas
from factory_metrics.shared_constants import BASE_MODELS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from factory_metrics.logs.landing import LogFile
    from factory_metrics.runs.publishing import Home
    from factory_metrics.runs.run_history import Run

LOGS = BASE_MODELS


class Published(NamedTuple):
    """How far the published version has come, its as-of (UTC), and the run that made it."""

    version: int
    generation: str
    batch_id: int
    as_of: datetime
    run: Run


def read_published(home: Home) -> Published | None:
    """Return what is published; None when nothing is, or nothing that a run could go on from."""
    version = home.current()
    if version is None:
        return None
    with home.open_version(version) as connection:
        progress = connection.execute(
            """
            select min(generation), min(batch_id) from model_progress
            where model in (select unnest(?)) having count(*) > 0
            """,
            [[path.stem for path in (ROOT / "models").rglob("*.sql")]],
        ).fetchone()
        as_of = connection.execute("select as_of from clock").fetchone()
        run = run_history.read_last(connection)
    if not (progress and as_of and run):
        return None
    # A run that was killed when it had just published is added to the history now.
    if not run_history.knows(home.runs, run):
        run_history.append(home.runs, run)
    return Published(version, progress[0], progress[1], as_of[0], run)


def landed_progress(home: Home) -> tuple[str, int]:
    """Return generation and batch of what has landed; an empty generation when nothing has."""
    if not home.history.exists() or not home.history.stat().st_size:
        return "", 0
    with home.open_history() as connection, suppress(duckdb.CatalogException):
        query = "select generation, batch_id from model_progress where model = 'landed_parts'"
        row = connection.execute(query).fetchone()
        if row:
            return row[0], row[1]
    return "", 0


def newest_batch(home: Home) -> int:
    """Return the newest batch that is known of the logs: to the versions, when the history is of no use."""
    with suppress(UserError):
        generation, batch_id = landed_progress(home)
        if generation:
            return batch_id
    batches = [0]
    for version in home.versions():
        with suppress(UserError), home.open_version(version) as connection:
            query = "select batch_id from model_progress where model = 'tests'"
            batches += [batch_id for (batch_id,) in connection.execute(query).fetchall()]
    return max(batches)


def heed_older_history(home: Home, published: Published | None) -> None:
    """Let facts be made again when the history that was put back from a copy is older than they are.

    They may be of deliveries that it does not know, and new batches would get numbers that they had.
    """
    generation, batch_id = landed_progress(home)
    batches = [published.batch_id] if published and published.generation.startswith(generation) else []
    if home.warehouse.exists():
        with suppress(duckdb.Error), duckdb.connect(str(home.warehouse)) as connection:
            find_in_all_schemas(connection)
            query = "select batch_id from model_progress where starts_with(generation, ?)"
            batches += [row[0] for row in connection.execute(query, [generation]).fetchall()]
    if generation and max(batches, default=0) > batch_id:
        with duckdb.connect(str(home.history)) as connection:
            # A model's generation begins with the generation of what it follows.
            connection.execute(
                "update model_progress set generation = replace(generation, ?, ?)",
                [generation, f"{generation} {uuid4()}"],
            )


def files_are_known(home: Home, files: Iterable[LogFile]) -> bool:
    """Tell whether all these files of the logs were read already."""
    if not landed_progress(home)[0]:
        return False
    found = {(file.part, file.fingerprint) for file in files}
    with home.open_history() as connection:
        return found <= set(connection.execute("select part, fingerprint from landed_parts").fetchall())


def newest_ingestion(home: Home) -> Iterator[tuple[str, datetime | None]]:
    """Yield each log and when its newest row was ingested (UTC)."""
    now = datetime.now(UTC).replace(tzinfo=None)
    with home.open_history() as connection:
        for log, table in LOGS.items():
            query = f"select max(ingested_at) from {table} where ingested_at <= ?"  # noqa: S608 - our own names
            for (newest,) in connection.execute(query, [now]).fetchall():
                yield log, newest


def count_new_rows(home: Home, run: Run, batch_id: int) -> None:
    """Note in a run what came after a batch, and the as-of of what was built."""
    with home.open_history() as connection:
        for table in LOGS.values():
            query = f"""
                select count(*), count(rejected_rule) from {table}
                where batch_id > $1 and withdrawn_batch_id is null
                -- other settings make other rows of those that were there
                and part_id in (select part_id from landed_parts where batch_id > $1)
            """  # noqa: S608 - our own names
            for rows, rejected in connection.execute(query, [batch_id]).fetchall():
                run.rows_in += rows
                run.rows_rejected += rejected
    run.batch_id = landed_progress(home)[1]
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        for (as_of,) in connection.execute("select as_of from clock").fetchall():
            run.as_of = str(as_of)


def advice_on_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return what a user may do about names in the logs that the project does not know, a sentence each."""
    query = "select summary_line from unknown_names where summary_line is not null order by summary_position"
    # versions of earlier releases, which can be gone back to, have none
    with suppress(duckdb.CatalogException, duckdb.BinderException):
        return [line for (line,) in connection.execute(query).fetchall()]
    return []


def is_tested(home: Home, project_version: str) -> bool:
    """Tell whether what the build goes on from is of these models and settings, and passed its tests."""
    if not home.warehouse.exists():
        return False
    with duckdb.connect(str(home.warehouse)) as connection:
        find_in_all_schemas(connection)
        try:
            tested = connection.execute("select 1 from model_progress where model = 'tests'").fetchone()
            run = run_history.read_last(connection)
        except duckdb.CatalogException:
            return False
    return bool(tested and run and run.project_version == project_version)


def drop_removed_models(home: Home, relations: Collection[str]) -> None:
    """Drop what earlier releases built, and this one no longer does."""
    kept = [*relations, "model_progress", "run_history"]
    with duckdb.connect(str(home.warehouse)) as connection:
        find_in_all_schemas(connection)
        found = connection.execute(
            """
            select case when view then 'view' else 'table' end, schema_name, name from (
                select schema_name, table_name as name, false as view from duckdb_tables()
                union all
                select schema_name, view_name as name, true as view from duckdb_views() where not internal
            ) where name not in (select unnest(?))
            """,
            [kept],
        ).fetchall()
        for kind, schema, name in found:
            connection.execute(f'drop {kind} "{schema}"."{name}"')
        connection.execute(
            "delete from model_progress where model not in (select unnest(?))", [[*kept, "tests"]]
        )


def mark_as_untested(home: Home) -> None:
    """Let the tests look at everything: models or settings are others than when they passed."""
    with duckdb.connect(str(home.warehouse)) as connection:
        find_in_all_schemas(connection)
        connection.execute("delete from model_progress where model = 'tests'")


def mark_as_tested(home: Home) -> None:
    """Write down that all tests have passed so far; the next run's tests look at what comes after."""
    generation, batch_id = landed_progress(home)
    with duckdb.connect(str(home.warehouse)) as connection:
        find_in_all_schemas(connection)
        connection.execute("delete from model_progress where model = 'tests'")
        connection.execute("insert into model_progress values ('tests', ?, ?)", [generation, batch_id])
