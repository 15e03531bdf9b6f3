"""Bring a home's warehouse up to date with the logs, and publish it when its tests pass.

Every step can be interrupted at any point; the next run goes on from what is there.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from factory_metrics.documents.warehouse import check_as_of_has_rows
from factory_metrics.failures import explain_in_home, is_damage
from factory_metrics.project import UserError
from factory_metrics.runs import progress, run_history
from factory_metrics.runs.dbt_runs import BadDataError, Dbt, DbtError, NodeResult, compile_macros
from factory_metrics.runs.handing_out import copy_to_postgres, write_version_documents
from factory_metrics.runs.interrupts import raised_signals
from factory_metrics.runs.preconditions import (
    asked_as_of,
    check_folder,
    check_logs,
    find_logs,
    project_version,
)
from factory_metrics.runs.progress import LOGS, Published, landed_progress
from factory_metrics.runs.publishing import Home, HomeLockedError, discard_database
from factory_metrics.runs.step_log import StepLog
from factory_metrics.variables import may_lack, read_variables

if TYPE_CHECKING:
    from collections.abc import Callable

    from factory_metrics.logs.landing import FoundFiles
    from factory_metrics.runs.postgres_copy import Target
    from factory_metrics.runs.run_history import Run

# What is built and tested, see selectors.yml: at first, and where a build of the same version went before.
# Most statements of the latter are too short to keep every core busy alone.
FULL_RUN = ("--selector", "full_run")
NEXT_RUN = ("--selector", "next_run", "--threads", "2")


class Outcome(Enum):
    """How a run ended."""

    PUBLISHED = "published"
    CAUGHT_UP = "caught_up"  # nothing new, but what is made from the published version was not all there
    BAD_DATA = "bad_data"
    BROKEN_SETUP = "broken_setup"
    NOTHING_NEW = "nothing_new"
    BUSY = "busy"
    INTERRUPTED = "interrupted"


_EXIT_CODES = {
    Outcome.PUBLISHED: 0,
    Outcome.CAUGHT_UP: 0,
    Outcome.BAD_DATA: 1,
    Outcome.BROKEN_SETUP: 2,
    Outcome.NOTHING_NEW: 3,
    Outcome.BUSY: 4,
}


@dataclass(frozen=True)
class Request:
    """What a run is to do: `variables` are dbt's, a YAML text; `as_of` None stands for now.

    `documents` is the folder to write documents to, if any, and `postgres` where to copy the flat views to.
    `allow_empty` lets it publish an as-of before all rows, which has no documents.
    `report` is told of what was done, in words and in fields. `project` is the project as dbt has read it,
    if it was read before.
    """

    home: Home
    variables: str
    as_of: str | None = None
    keep_versions: int = 3
    documents: Path | None = None
    postgres: Target | None = None
    full_refresh: bool = False
    allow_empty: bool = False
    report: Callable[[str, dict[str, object]], None] = lambda _text, _fields: None
    project: Any = None


def read_project(request: Request) -> Any:  # noqa: ANN401 - dbt has no types of its own
    """Return the project as dbt reads it, for runs that are forked from this process; None when it cannot."""
    with tempfile.TemporaryDirectory() as folder, suppress(UserError, DbtError):
        dbt = _dbt(request, read_variables(request.variables), Path(folder))
        dbt.start()
        compile_macros(dbt.project)
        return dbt.project
    return None


def _dbt(request: Request, variables: dict[str, Any], artifacts: Path) -> Dbt:
    home = request.home
    return Dbt(
        environment={
            "FACTORY_WAREHOUSE": str(home.warehouse),
            "FACTORY_HISTORY": str(home.history),
            "FACTORY_FACTS": "",
            "FACTORY_SCRATCH": str(home.scratch),
            "DBT_WRITE_JSON": "false",
            "FACTORY_AS_OF": request.as_of or "",
        },
        artifacts=artifacts,
        variables=json.dumps(variables, default=str),
        project=request.project,
    )


@dataclass
class Result:
    """How a run ended, and its line in the history; `has_published` tells whether a version was switched."""

    outcome: Outcome
    exit_code: int
    run: Run
    has_published: bool


def refresh(request: Request) -> Result:
    """Do what is needed. The history has a line more, unless another run is at work."""
    attempt = _Attempt(request)
    run, home, signals_code = attempt.run, request.home, None
    try:
        with raised_signals() as signals, home.locked():
            try:
                outcome = attempt.make()
            except BaseException as error:  # noqa: BLE001 - whatever it is, a scheduler must not take it for bad data
                outcome, run.message = _failure(error, home)
                if signals.received:
                    outcome, run.message = Outcome.INTERRUPTED, signals.message
                    signals_code = signals.exit_code
            signals.hold()
            if attempt.has_published:
                run.message = (
                    run.message and f"version {run.published_version} is published, but {run.message}"
                )
            run.end("published" if attempt.has_published else outcome.value, attempt.started)
            run_history.append(home.runs, run)
    except HomeLockedError as error:
        outcome, run.message = Outcome.BUSY, str(error)
    except (UserError, OSError) as error:
        reasons = (run.message, explain_in_home(error, home.folder))
        outcome, run.message = Outcome.BROKEN_SETUP, "; ".join(dict.fromkeys(filter(None, reasons)))
    exit_code = signals_code or _EXIT_CODES[outcome]
    return Result(outcome, exit_code, run, attempt.has_published)


def _failure(error: BaseException, home: Home) -> tuple[Outcome, str]:
    """Return what an error amounts to."""
    if isinstance(error, BadDataError):
        return Outcome.BAD_DATA, str(error)
    if is_damage(str(error)):
        # The next run begins with a copy of what is published, in case it is this one that is damaged.
        discard_database(home.warehouse)
    return Outcome.BROKEN_SETUP, explain_in_home(error, home.folder)


class _Attempt:
    """A run under way: what the history will have of it, and how far it is."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.started = time.monotonic()
        self.run = run_history.begin()
        self.has_published = False
        self._home = request.home
        self._expected_logs: list[str] = []
        self._has_looked_for_names = False
        self._log = StepLog(request.report, self.run.steps)

    def make(self) -> Outcome:
        """Build, publish and hand out what is needed."""
        request, home, run = self.request, self._home, self.run
        variables = read_variables(request.variables)
        self._expected_logs = [log for log in LOGS if not may_lack(log, variables)]
        as_of = asked_as_of(request.as_of, variables)
        run.project_version = project_version(variables)
        published = progress.read_published(home)
        if request.documents:
            check_folder(request.documents)
        if request.postgres:
            request.postgres.check()
        if request.full_refresh:
            find_logs(variables)  # before all that is known of them is forgotten
            home.start_over()
        check_logs(home, variables, published)
        progress.heed_older_history(home, published)
        dbt = _dbt(request, variables, home.build)
        dbt.report = self._report_node
        with self._log.step("look for new rows"):
            # Files can be told from those that were read without dbt, whose start is most of a short run.
            files = find_logs(variables)
            has_new_files = bool(files) and not self._files_are_known(files)
            if not files:
                home.discard_empty_build()
                dbt.run("build", "--selector", "new_rows")
        if published and not has_new_files and self._is_current(published, as_of):
            self._report_age()
            with home.open_version(published.version) as connection:
                self._report_unknown_names(connection)
            run.as_of, run.published_version = str(published.as_of), published.version
            return self._hand_out(published.version)
        self._build(dbt, published)
        self._hand_out(run.published_version or 0)
        return Outcome.PUBLISHED

    def _files_are_known(self, logs: list[FoundFiles]) -> bool:
        """Tell whether all files of the logs were read already, and say what is skipped."""
        for log in logs:
            if log.notice:
                fields = {"event": "skipped", "names": len(log.skipped), "first": log.skipped[0]}
                self.request.report(log.notice, fields)
        return progress.files_are_known(self._home, [file for log in logs for file in log.files])

    def _build(self, dbt: Dbt, published: Published | None) -> None:
        """Build and test in private, and publish."""
        request, home, run = self.request, self._home, self.run
        self._start_build(dbt)
        going_on = progress.is_tested(home, run.project_version)
        if home.warehouse.exists() and not going_on:
            progress.mark_as_untested(home)
        with self._log.step("build and test"):
            try:
                dbt.run("build", *(NEXT_RUN if going_on else FULL_RUN))
            finally:
                # also where they are why too many rows are rejected
                if self._has_looked_for_names:
                    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
                        self._report_unknown_names(connection)
        if not request.allow_empty:
            with duckdb.connect(str(home.warehouse), read_only=True) as connection:
                check_as_of_has_rows(connection)
        with self._log.step("check freshness"):
            self._check_freshness(dbt)
        goes_on = published and published.generation.startswith(landed_progress(home)[0])
        progress.count_new_rows(home, run, published.batch_id if published and goes_on else 0)
        with self._log.step("publish"):
            if not going_on:
                progress.drop_removed_models(home, dbt.relations())
            version = run.published_version = home.next_version()
            run.end(Outcome.PUBLISHED.value, self.started)
            run_history.write_table(home.warehouse, home.runs, run)
            progress.mark_as_tested(home)
            home.publish(version)
            self.has_published = True

    def _start_build(self, dbt: Dbt) -> None:
        """Copy the published version, while dbt starts."""
        self._home.discard_empty_build()
        with ThreadPoolExecutor() as pool:
            copying = pool.submit(self._home.start_build)
            with self._log.step("start dbt"):
                dbt.start()
            with self._log.step("wait for the copy of the published version"):
                copying.result()

    def _is_current(self, published: Published, as_of: datetime | None) -> bool:
        """Tell whether the published version is what a build would make now.

        As windows begin with days, a version without new rows is current until the day ends. One that was
        gone back to is so until there are new rows.

        Raises:
            UserError: the as-of is before all rows, as a version that has them all knows at once. Of new rows
                only a build can tell: to read them is most of what it does.

        """
        generation, batch_id = landed_progress(self._home)
        if not generation:
            return False
        rollback = self._home.rollback()
        if (
            not as_of
            and rollback
            and rollback.batch_id == batch_id
            and rollback.is_of(published.version, published.run)
        ):
            return True
        if (
            not published.generation.startswith(generation)
            or published.batch_id != batch_id
            or published.run.project_version != self.run.project_version
        ):
            return False
        if not as_of:
            # not for another instant that was asked for
            made_at = datetime.fromisoformat(published.run.started_at)
            return published.as_of.date() == _now().date() and made_at <= published.as_of <= _now()
        if not self.request.allow_empty:
            with self._home.open_version(published.version) as connection:
                check_as_of_has_rows(connection, as_of)
        return published.as_of == as_of

    def _hand_out(self, version: int) -> Outcome:
        """Bring what is made from the published version up to date; tell whether anything was not.

        What fails here does not take the publication back: the next run tries again.
        """
        request, home = self.request, self._home
        try:
            home.remove_old_versions(request.keep_versions)
        except OSError as error:
            request.report(f"an old version stays: {error}", {"event": "old_version", "error": str(error)})
        done = []
        if request.documents:
            done.append(write_version_documents(home, version, request.documents, self._log))
        if request.postgres:
            done.append(copy_to_postgres(home, version, request.postgres, self._log))
        return Outcome.CAUGHT_UP if any(done) else Outcome.NOTHING_NEW

    def _check_freshness(self, dbt: Dbt) -> None:
        """Ask when each log last had a new row. One that has stopped is reported, and stops no run."""
        for node in dbt.run("source freshness", "--output", os.devnull):
            if node.name not in self._expected_logs:
                continue  # dbt lists hooks, too
            self.run.freshness[node.name] = node.status
            if node.status != "pass":
                self.request.report(
                    f"{node.name} has had no new rows for longer than models/sources.yml expects "
                    f"({node.status})",
                    {"event": "stale", "log": node.name, "status": node.status},
                )

    def _report_age(self) -> None:
        """Say when each log last had a new row."""
        for log, newest in progress.newest_ingestion(self._home):
            if log not in self._expected_logs:
                continue
            text = f"the newest row of {log} was ingested at {newest} UTC" if newest else f"{log} is empty"
            self.request.report(text, {"event": "age", "log": log, "newest_ingested_at": str(newest)})

    def _report_unknown_names(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Say which names are not known."""
        for advice in progress.advice_on_names(connection):
            self.request.report(advice, {"event": "unknown_name", "advice": advice})

    def _report_node(self, node: NodeResult) -> None:
        self._has_looked_for_names |= (node.name, node.status) == ("unknown_names", "OK")
        self.request.report(
            f"  {node.status:<7} {node.seconds:6.2f} s  {node.name}",
            {"event": "node", "node": node.name, "status": node.status, "seconds": round(node.seconds, 3)},
        )


def look_for_files(request: Request) -> object:
    """Return what a run would find of the files of the logs, or why it would find none.

    Raises:
        UserError: the variables are at fault, or the logs are no files.

    """
    variables = read_variables(request.variables)
    if not variables.get("raw_path"):
        message = "--watch needs logs that are files (raw_path in --vars): use --every for tables"
        raise UserError(message)
    try:
        return find_logs(variables)
    except (UserError, BadDataError, OSError) as error:
        return str(error)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
