"""Runs builds in processes of their own, which a test may kill; forked from one that has imported dbt."""

import os
import sys
from pathlib import Path
from unittest import mock

from dbt.adapters.duckdb import connections  # noqa: F401 - only to have it imported
from dbt.cli.main import dbtRunner

from factory_metrics.dbt_runs import NO_FORMULA_TESTS
from factory_metrics.publishing import Home
from factory_metrics.refresh import VIEWS, Request, refresh

ROOT = Path(__file__).parents[2]

# Views take as long as all else, and other tests look at them.
mock.patch("factory_metrics.refresh.NO_FORMULA_TESTS", (*NO_FORMULA_TESTS, *VIEWS)).start()


def build(folder: Path, variables: str) -> None:
    """Run `dbt build`, without tests, on the warehouse in a folder; exit with 0, or 1 when it failed."""
    os.environ["FACTORY_WAREHOUSE"] = str(folder / "factory.duckdb")
    os.chdir(ROOT)
    _log_to(folder / "dbt.txt")
    arguments = ["build", "--vars", variables, "--target-path", str(folder / "target")]
    arguments += ["--log-path", str(folder / "logs"), "--exclude-resource-type", "unit_test"]
    result = dbtRunner().invoke([*arguments, "--exclude-resource-type", "test", *VIEWS])
    sys.exit(0 if result.success else 1)


def publish(folder: Path, variables: str) -> None:
    """Refresh the home in a folder; exit as the command does."""
    os.chdir(ROOT)
    _log_to(folder / "refresh.txt")
    home = Home(folder)
    request = Request(
        home, variables, documents=home.documents, report=lambda text, _: print(text, flush=True)
    )
    outcome = refresh(request)
    print(outcome.name, request.run.message, flush=True)
    sys.exit(outcome)


def _log_to(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
