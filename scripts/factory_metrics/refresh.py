"""Bring a home's warehouse up to date with the logs, and publish it when its tests pass.

Every step can be interrupted at any point; the next run goes on from what is there.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from hashlib import md5, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import duckdb
import msgspec
import yaml

from factory_metrics import landing, run_history
from factory_metrics.dbt_runs import NO_FORMULA_TESTS, BadDataError, Dbt, NodeResult
from factory_metrics.landing import LandingError, list_log_files
from factory_metrics.output import Selection, write_documents
from factory_metrics.postgres import Target, copy_version
from factory_metrics.publishing import BEGIN_ANEW, BusyError, Home, Rollback, discard_database, to_disk
from factory_metrics.run_history import Run
from factory_metrics.settings import ROOT, UserError, time_ranges
from factory_metrics.warehouse import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOGS = {"factory_events": "base_event_deliveries", "factory_metrics": "base_run_deliveries"}

# Views do not change with the logs: a build that goes on from one of the same version has them.
WITHOUT_VIEWS = (
    "--exclude",
    "path:models/bi",
    "path:models/drill_down",
    "path:models/semantic",
    "dora_levels",
)

# Most statements of such a build are too short to keep every core busy alone.
GOING_ON = (*WITHOUT_VIEWS, "--threads", "2")


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_whole_number(value: object) -> bool:
    return isinstance(value, int) and _is_number(value)


# What dbt's variables must be.
_VARIABLES: dict[str, tuple[Callable[[object], bool], str]] = {
    "raw_path": (_is_text, "a folder"),
    "raw_database": (_is_text, "a file or a URL"),
    "raw_schema": (_is_text, "a name"),
    "look_back_hours": (_is_whole_number, "a whole number of 0 or more"),
    "max_rejected_share": (_is_number, "a number of 0 or more"),
    "list_limit": (_is_whole_number, "a whole number of 0 or more"),
}


class Outcome(IntEnum):
    """How a run ended; the number is the command's exit code."""

    PUBLISHED = 0
    BAD_DATA = 1
    BROKEN_SETUP = 2
    NOTHING_NEW = 3
    BUSY = 4


@dataclass
class Request:
    """What a run is to do: `variables` are dbt's, a YAML text; `as_of` None stands for now.

    `documents` is the folder to write documents to, if any, and `postgres` where to copy the flat views to.
    `report` is told of what was done, in words and in fields. `run` is what the history will have of it, and
    `has_published` whether a version was switched.
    """

    home: Home
    variables: str
    as_of: str | None = None
    keep_versions: int = 3
    documents: Path | None = None
    postgres: Target | None = None
    full_refresh: bool = False
    report: Callable[[str, dict[str, object]], None] = lambda _text, _fields: None
    run: Run = field(init=False)
    has_published: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Start the run's line in the history."""
        self.run = Run(started_at=_now().isoformat(sep=" ", timespec="microseconds"))


class Published(NamedTuple):
    """How far the published version has come, its as-of (UTC), and the run that made it."""

    version: int
    generation: str
    batch_id: int
    as_of: datetime
    run: Run


def refresh(request: Request) -> Outcome:
    """Do what is needed; return how it ended. The history has a line more, unless another run is at work."""
    started = time.monotonic()
    run = request.run
    try:
        with request.home.locked():
            try:
                outcome = _refresh(request, started)
            except BadDataError as error:
                outcome, run.message = Outcome.BAD_DATA, str(error)
            except Exception as error:  # noqa: BLE001 - whatever it is, a scheduler must not take it for bad data
                outcome, run.message = Outcome.BROKEN_SETUP, str(error) or type(error).__name__
            if request.has_published:
                run.message = (
                    run.message and f"version {run.published_version} is published, but {run.message}"
                )
            run.end("published" if request.has_published else outcome.name.lower(), started)
            run_history.append(request.home.runs, run)
    except BusyError as error:
        outcome, run.message = Outcome.BUSY, str(error)
    except (UserError, OSError) as error:
        outcome, run.message = Outcome.BROKEN_SETUP, str(error)
    return outcome


def _refresh(request: Request, started: float) -> Outcome:
    home, run = request.home, request.run
    variables = read_variables(request.variables)
    run.project_version = project_version(variables)
    published = _published(home)
    if request.documents:
        _check_folder(request.documents)
    if request.postgres:
        request.postgres.check()
    if request.full_refresh:
        _check_log_folders(variables)
        home.begin_anew()
    check_logs(home, variables, published)
    _heed_older_history(home, published)

    dbt = Dbt(
        environment={
            "FACTORY_WAREHOUSE": str(home.warehouse),
            "FACTORY_HISTORY": str(home.history),
            "FACTORY_FACTS": "",
            "FACTORY_SCRATCH": str(home.scratch),
            "DBT_WRITE_JSON": "false",
            "FACTORY_AS_OF": request.as_of or "",
        },
        artifacts=home.build,
        variables=json.dumps(variables, default=str),
        report=lambda node: _report_node(request, node),
    )
    with _step(request, "look for new rows"):
        # Files can be told from those that were read without dbt, whose start is most of a short run.
        folder = variables.get("raw_path")
        has_new_files = bool(folder) and not _files_are_known(home, str(folder))
        if not folder:
            home.discard_empty_build()
            no_tests = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
            dbt.run("build", "--select", "+landed_parts", *no_tests)
    if published and not has_new_files and _is_current(request, published, variables):
        _report_age(request)
        run.as_of, run.published_version = str(published.as_of), published.version
        return _hand_out(request, published.version)

    _start_build(request, dbt)
    going_on = GOING_ON if _is_tested(home, run.project_version) else ()
    if home.warehouse.exists() and not going_on:
        _mark_as_untested(home)
    with _step(request, "build and test"):
        dbt.run("build", *NO_FORMULA_TESTS, *going_on)
    with _step(request, "check freshness"):
        _check_freshness(request, dbt)
    goes_on = published and published.generation.startswith(landed_progress(home)[0])
    _count_new_rows(request, published.batch_id if published and goes_on else 0)
    with _step(request, "publish"):
        if not going_on:
            _drop_removed_models(home, dbt)
        version = run.published_version = home.next_version()
        run.end(Outcome.PUBLISHED.name.lower(), started)
        run_history.write_table(home.warehouse, home.runs, run)
        _mark_as_tested(home)
        home.publish(version)
        request.has_published = True
    _hand_out(request, version)
    return Outcome.PUBLISHED


def _start_build(request: Request, dbt: Dbt) -> None:
    """Copy the published version, while dbt starts."""
    request.home.discard_empty_build()
    with ThreadPoolExecutor() as pool:
        copying = pool.submit(request.home.start_build)
        with _step(request, "start dbt"):
            dbt.start()
        with _step(request, "wait for the copy of the published version"):
            copying.result()


def read_variables(text: str) -> dict[str, Any]:
    """Return dbt's variables from YAML, with absolute paths: dbt works in the project's folder.

    Raises:
        UserError: they are no mapping, or one of them is unknown, or of a wrong kind.

    """
    try:
        variables = yaml.safe_load(text) or {}
    except (yaml.YAMLError, ValueError) as error:
        message = f"--vars {text} is no YAML ({error}): write it like '{{raw_path: /data/logs}}'"
        raise UserError(message) from error
    if not isinstance(variables, dict):
        message = f"--vars {text} is no mapping: write it like '{{raw_path: /data/logs}}'"
        raise UserError(message)
    known = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    for name in variables:
        if name not in known:
            message = f"--vars has {name}, which is no variable; there are: {', '.join(known)}"
            raise UserError(message)
        if name in _VARIABLES and not _VARIABLES[name][0](variables[name]):
            message = f"--vars has {name}: {variables[name]}, which must be {_VARIABLES[name][1]}"
            raise UserError(message)
    if variables.get("raw_path"):
        variables["raw_path"] = str(Path(variables["raw_path"]).absolute())
    database = str(variables.get("raw_database") or "")
    if "/" in database and ":" not in database:
        variables["raw_database"] = str(Path(database).absolute())
    return variables


def _check_folder(folder: Path) -> None:
    """Check before a run that documents can be written after it.

    Raises:
        UserError: they cannot.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        message = (
            f"documents cannot be written to {folder} ({error.strerror}): name a folder that you may write"
        )
        raise UserError(message) from error


def _check_log_folders(variables: dict[str, Any]) -> None:
    """Check that the logs' files are there, before all that is known of them is forgotten.

    Raises:
        UserError: they are not.

    """
    folder = variables.get("raw_path")
    try:
        for log in LOGS if folder else ():
            list_log_files(f"{folder}/{log}")
    except LandingError as error:
        raise UserError(str(error)) from error


def check_logs(home: Home, variables: dict[str, Any], published: Published | None) -> None:
    """Check that a home goes on with the logs that it was built from, and still knows what it read of them.

    Raises:
        UserError: it would begin anew, and forget rows of files that are gone.

    """
    generation, _ = landed_progress(home)
    if home.is_begun_anew() and published and generation and published.generation.startswith(generation):
        home.end_beginning_anew()  # the run was killed before it could
    if published is None or home.is_begun_anew():
        if not generation:
            discard_database(home.history)  # a run was killed when it began
        return
    if not generation:
        message = f"{home.history} is gone, which has all rows that were read: put it back from a copy"
    else:
        # as macros/raw_logs.sql has it
        place = "|".join(
            str(variables.get(name) or "") for name in ("raw_path", "raw_database", "raw_schema")
        )
        if generation.startswith(md5(place.encode(), usedforsecurity=False).hexdigest()[:12]):
            return
        message = f"{home.folder} was built from other logs than --vars names: name those"
    message += f", {BEGIN_ANEW}"
    raise UserError(message)


def _heed_older_history(home: Home, published: Published | None) -> None:
    """Let facts be made anew when the history that was put back from a copy is older than they are.

    They may be of deliveries that it does not know, and new batches would get numbers that they had.
    """
    generation, batch_id = landed_progress(home)
    batches = [published.batch_id] if published and published.generation.startswith(generation) else []
    if home.warehouse.exists():
        with suppress(duckdb.Error), duckdb.connect(str(home.warehouse)) as connection:
            query = "select batch_id from model_progress where starts_with(generation, ?)"
            batches += [row[0] for row in connection.execute(query, [generation]).fetchall()]
    if generation and max(batches, default=0) > batch_id:
        with duckdb.connect(str(home.history)) as connection:
            # That of every model begins with that of what it follows.
            connection.execute(
                "update model_progress set generation = replace(generation, ?, ?)",
                [generation, f"{generation} {uuid4()}"],
            )


def project_version(variables: dict[str, Any]) -> str:
    """Return a checksum of all that decides what is built from given logs."""
    checksum = sha256(f"{duckdb.__version__} {sorted(variables.items())}".encode())
    files = [ROOT / "dbt_project.yml", Path(landing.__file__)]
    for folder in ("models", "macros", "tests/dbt", "seeds"):
        files += sorted(
            path for path in (ROOT / folder).rglob("*") if path.suffix in {".sql", ".yml", ".csv"}
        )
    for path in files:
        checksum.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return checksum.hexdigest()


def _published(home: Home) -> Published | None:
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


def _files_are_known(home: Home, folder: str) -> bool:
    """Tell whether all files of the logs were read already."""
    if not landed_progress(home)[0]:
        return False
    try:
        found = {(file.part, file.fingerprint) for log in LOGS for file in list_log_files(f"{folder}/{log}")}
    except LandingError:
        return False  # dbt will say
    with home.open_history() as connection:
        return found <= set(connection.execute("select part, fingerprint from landed_parts").fetchall())


def _is_current(request: Request, published: Published | None, variables: dict[str, Any]) -> bool:
    """Tell whether the published version is what a build would make now.

    As windows begin with days, a version without new rows is current until the day ends. One that was gone
    back to is so until there are new rows.
    """
    generation, batch_id = landed_progress(request.home)
    if published is None or not generation:
        return False
    wanted = request.as_of or variables.get("as_of")
    rollback = request.home.rollback()
    if not wanted and rollback and rollback.batch_id == batch_id and _is_of(rollback, published):
        return True
    if wanted:
        is_timely = published.as_of == _utc(wanted)
    else:
        # not for another instant that was asked for
        made_at = datetime.fromisoformat(published.run.started_at)
        is_timely = published.as_of.date() == _now().date() and made_at <= published.as_of <= _now()
    return (
        is_timely
        and published.generation.startswith(generation)
        and published.batch_id == batch_id
        and published.run.project_version == request.run.project_version
    )


def _is_of(rollback: Rollback, published: Published) -> bool:
    """Tell whether what is published was gone back to; notes of earlier releases do not name the run."""
    return rollback.version == published.version and rollback.run_started_at in {
        "",
        published.run.started_at,
    }


def _utc(instant: object) -> datetime | None:
    """Return an instant without a zone, in UTC; None for what is none: dbt says so better."""
    try:
        moment = instant if isinstance(instant, datetime) else datetime.fromisoformat(str(instant))
    except ValueError:
        return None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _report_node(request: Request, node: NodeResult) -> None:
    request.report(
        f"  {node.status:<7} {node.seconds:6.2f} s  {node.name}",
        {"event": "node", "node": node.name, "status": node.status, "seconds": round(node.seconds, 3)},
    )


@contextmanager
def _step(request: Request, name: str) -> Iterator[None]:
    """Time a step, and say when it is done."""
    started = time.monotonic()
    yield
    seconds = round(time.monotonic() - started, 3)
    request.run.steps[name] = seconds
    request.report(f"{name}: {seconds:.1f} s", {"event": "step", "step": name, "seconds": seconds})


def _check_freshness(request: Request, dbt: Dbt) -> None:
    """Ask when each log last had a new row. One that has stopped is reported; what there is, is published."""
    for node in dbt.run("source freshness", "--output", os.devnull):
        if node.name not in LOGS:
            continue  # dbt lists hooks, too
        request.run.freshness[node.name] = node.status
        if node.status != "pass":
            request.report(
                f"{node.name} has had no new rows for longer than models/sources.yml expects ({node.status})",
                {"event": "stale", "log": node.name, "status": node.status},
            )


def _report_age(request: Request) -> None:
    """Say when each log last had a new row."""
    with request.home.open_history() as connection:
        for log, table in LOGS.items():
            query = f"select max(ingested_at) from {table} where ingested_at <= ?"  # noqa: S608 - our own names
            for (newest,) in connection.execute(query, [_now()]).fetchall():
                text = (
                    f"the newest row of {log} was ingested at {newest} UTC" if newest else f"{log} is empty"
                )
                request.report(text, {"event": "age", "log": log, "newest_ingested_at": str(newest)})


def _count_new_rows(request: Request, batch_id: int) -> None:
    run = request.run
    with request.home.open_history() as connection:
        for table in LOGS.values():
            query = f"""
                select count(*), count(rejected_rule) from {table}
                where batch_id > ? and withdrawn_batch_id is null
            """  # noqa: S608 - our own names
            for rows, rejected in connection.execute(query, [batch_id]).fetchall():
                run.rows_in += rows
                run.rows_rejected += rejected
    run.batch_id = landed_progress(request.home)[1]
    with duckdb.connect(str(request.home.warehouse), read_only=True) as connection:
        for (as_of,) in connection.execute("select as_of from clock").fetchall():
            run.as_of = str(as_of)


def _is_tested(home: Home, project_version: str) -> bool:
    """Tell whether what the build goes on from is of these models and settings, and passed its tests."""
    if not home.warehouse.exists():
        return False
    with duckdb.connect(str(home.warehouse)) as connection:
        try:
            tested = connection.execute("select 1 from model_progress where model = 'tests'").fetchone()
            run = run_history.read_last(connection)
        except duckdb.CatalogException:
            return False
    return bool(tested and run and run.project_version == project_version)


def _drop_removed_models(home: Home, dbt: Dbt) -> None:
    """Drop what earlier releases built, and this one no longer does."""
    kept = [*dbt.relations(), "model_progress", "passed_rejections", "run_history"]
    with duckdb.connect(str(home.warehouse)) as connection:
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


def _mark_as_untested(home: Home) -> None:
    """Let the tests look at everything: models or settings are others than when they passed."""
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("delete from model_progress where model = 'tests'")


def _mark_as_tested(home: Home) -> None:
    """Write down that all tests have passed so far; those of the next run look at what comes after."""
    generation, batch_id = landed_progress(home)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("delete from model_progress where model = 'tests'")
        connection.execute("insert into model_progress values ('tests', ?, ?)", [generation, batch_id])


def write_version_documents(request: Request, version: int) -> Outcome:
    """Write the documents of a version, unless they are there already; tell whether they were not."""
    home, documents = request.home, request.documents
    if documents is None:
        return Outcome.NOTHING_NEW
    marker = home.build / "documents.json"
    run = home.run_that_made(version)
    # The run, not the version's number, which may come back when versions are lost.
    done = msgspec.json.encode(
        {"folder": str(documents.absolute()), "run_started_at": run and run.started_at}
    )
    if marker.exists() and marker.read_bytes() == done and (documents / "manifest.json").exists():
        return Outcome.NOTHING_NEW
    # While they are written they are of no version.
    marker.unlink(missing_ok=True)
    to_disk(home.build)
    selection = Selection()
    with _step(request, "write documents"), open_warehouse(home.version_file(version)) as warehouse:
        summary = write_documents(warehouse, documents, selection.marts(time_ranges()), selection)
    os.sync()  # the documents, before what says that they are there
    marker.write_bytes(done)
    request.report(
        f"{summary.written:,} written, {summary.unchanged:,} unchanged, {summary.removed:,} removed",
        {"event": "documents", **msgspec.structs.asdict(summary)},
    )
    return Outcome.PUBLISHED


def copy_to_postgres(request: Request, version: int) -> Outcome:
    """Copy the flat views of a version to PostgreSQL, unless they are there; tell whether they were not."""
    if request.postgres is None:
        return Outcome.NOTHING_NEW
    with _step(request, "copy to PostgreSQL"):
        tables = copy_version(request.home.version_file(version), request.postgres)
    if not tables:
        return Outcome.NOTHING_NEW
    schema = request.postgres.schema
    request.report(
        f"{tables} tables in schema {schema} of PostgreSQL",
        {"event": "postgres", "schema": schema, "tables": tables},
    )
    return Outcome.PUBLISHED


def _hand_out(request: Request, version: int) -> Outcome:
    """Bring what is made from the published version up to date; tell whether anything was not.

    What fails here does not take the publication back: the next run tries again.
    """
    try:
        request.home.remove_old_versions(request.keep_versions)
    except OSError as error:
        request.report(f"an old version stays: {error}", {"event": "old_version", "error": str(error)})
    outcomes = write_version_documents(request, version), copy_to_postgres(request, version)
    return Outcome.PUBLISHED if Outcome.PUBLISHED in outcomes else Outcome.NOTHING_NEW
