"""What is checked before a run builds anything: where it writes, what it reads, what it was asked for."""

from __future__ import annotations

import tempfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from factory_metrics.failures import full_disk_named
from factory_metrics.instants import utc_instant
from factory_metrics.logs import landing
from factory_metrics.logs.landing import FoundFiles, find_log_files
from factory_metrics.logs.log_rows import BadFileError, LandingError
from factory_metrics.logs.own_seeds import OwnSeedError, own_seed_files
from factory_metrics.project import ROOT, UserError
from factory_metrics.runs.dbt_runs import BadDataError
from factory_metrics.runs.progress import LOGS, Published, landed_progress
from factory_metrics.runs.publishing import START_OVER, Home, discard_database
from factory_metrics.variables import logs_place, may_lack, wanted_as_of

if TYPE_CHECKING:
    from datetime import datetime


def check_folder(folder: Path) -> None:
    """Check before a run that documents can be written after it.

    Raises:
        UserError: they cannot.

    """
    try:
        with full_disk_named(folder):
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        message = (
            f"documents cannot be written to {folder} ({error.strerror}): name a folder that you may write"
        )
        raise UserError(message) from error


def find_logs(variables: dict[str, Any]) -> list[FoundFiles]:
    """Return the files of each log, none when the logs are tables: without dbt, whose start takes seconds.

    Raises:
        UserError: the folder or the file that the variables name is not there.
        BadDataError: a file is no log.

    """
    folder, database = variables.get("raw_path"), str(variables.get("raw_database") or "")
    if Path(database).is_absolute() and not Path(database).exists():
        message = f"raw_database {database} cannot be read (there is no such file): fix the var, or make it"
        raise UserError(message)
    try:
        return [
            find_log_files(f"{folder}/{log}", may_be_absent=may_lack(log, variables))
            for log in LOGS
            if folder
        ]
    except BadFileError as error:
        raise BadDataError(str(error)) from error
    except LandingError as error:
        raise UserError(str(error)) from error


def check_logs(home: Home, variables: dict[str, Any], published: Published | None) -> None:
    """Check that a home goes on with the logs that it was built from, and still knows what it read of them.

    Raises:
        UserError: it would start over, and forget rows of files that are gone.

    """
    generation, _ = landed_progress(home)
    if home.has_started_over() and published and generation and published.generation.startswith(generation):
        home.end_starting_over()  # the run was killed before it could
    if published is None or home.has_started_over():
        if not generation:
            discard_database(home.history)  # a run was killed when it began
        return
    if not generation:
        message = f"{home.history} is gone, which has all rows that were read: put it back from a copy"
    else:
        if generation.startswith(logs_place(variables)):
            return
        message = f"{home.folder} was built from other logs than --vars names: name those"
    message += f", {START_OVER}"
    raise UserError(message)


def project_version(variables: dict[str, Any]) -> str:
    """Return a checksum of all that decides what is built from given logs.

    Raises:
        UserError: the folder that seeds_path names cannot be used.

    """
    checksum = sha256(f"{duckdb.__version__} {sorted(variables.items())}".encode())
    files = [ROOT / "dbt_project.yml", ROOT / "selectors.yml", *landing.SOURCES]
    for folder in ("models", "macros", "tests/dbt", "seeds"):
        files += sorted(
            path for path in (ROOT / folder).rglob("*") if path.suffix in {".sql", ".yml", ".csv"}
        )
    for path in files:
        checksum.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    if folder_of_seeds := variables.get("seeds_path"):
        try:
            own = own_seed_files(str(folder_of_seeds))
        except OwnSeedError as error:
            raise UserError(str(error)) from error
        for path in own:
            checksum.update(path.name.encode() + path.read_bytes())
    return checksum.hexdigest()


def asked_as_of(option: str | None, variables: dict[str, Any]) -> datetime | None:
    """Return the instant that was asked for (UTC), if one was.

    Raises:
        UserError: it is none.

    """
    if option is not None:
        return utc_instant(option, "--as-of")
    value = wanted_as_of(variables)
    return None if value is None else utc_instant(value, "the var as_of")
