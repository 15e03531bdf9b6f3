"""Runs builds in processes of their own, which a test may kill; see forked.py."""

import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from unittest import mock

from factory_metrics.runs.dbt_runs import BadDataError, Dbt, DbtError
from factory_metrics.runs.one_run import Request, refresh
from factory_metrics.runs.publishing import Home

ROOT = Path(__file__).parents[2]


def build(folder: Path, variables: str) -> None:
    """Run `dbt build`, without tests, on the warehouse in a folder; exit with 0, or 1 when it failed."""
    dbt = _dbt(folder, variables)
    no_tests = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
    sys.exit(0 if _succeeds(dbt, folder / "factory.duckdb", *no_tests, "--selector", "next_run") else 1)


def build_often(folder: Path, variables: str, requests: Connection) -> None:
    """Answer requests: each is a warehouse and what to build in it; the answer is whether that succeeded.

    All share one reading of the project, which takes longer than what they build.
    """
    dbt = _dbt(folder, variables)
    while True:
        warehouse, selection = requests.recv()
        succeeds = _succeeds(dbt, warehouse, "--select", *selection, "--indirect-selection", "empty")
        requests.send(succeeds)


def _dbt(folder: Path, variables: str) -> Dbt:
    os.chdir(ROOT)
    _log_to(folder / "dbt.txt")
    return Dbt(environment={}, artifacts=folder, variables=variables)


def _succeeds(dbt: Dbt, warehouse: Path, *options: str) -> bool:
    dbt.environment = {"FACTORY_WAREHOUSE": str(warehouse)}
    try:
        dbt.run("build", *options)
    except (BadDataError, DbtError) as error:
        print(error, flush=True)
        return False
    return True


def publish(folder: Path, variables: str) -> None:
    """Refresh the home in a folder; exit as the command does."""
    os.chdir(ROOT)
    _log_to(folder / "refresh.txt")
    home = Home(folder)
    request = Request(
        home, variables, documents=home.documents, report=lambda text, _: print(text, flush=True)
    )
    # Views take as long as all else, and other tests look at them.
    with mock.patch("factory_metrics.runs.one_run.FULL_RUN", ("--selector", "next_run")):
        result = refresh(request)
    print(result.outcome.name, result.run.message, flush=True)
    sys.exit(result.exit_code)


def _log_to(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
