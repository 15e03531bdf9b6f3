"""Where things are, and what `dbt_project.yml` says once for dbt and Python."""

import os
from datetime import UTC, datetime
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "dbt_project.yml"


# The range that the API, the page and the dashboard show at first.
FIRST_RANGE = "30d"


class UserError(Exception):
    """Bad input, or a warehouse that does not fit; the message says what, where and how to fix it."""


def default_warehouse() -> Path:
    """Return the warehouse's file: FACTORY_WAREHOUSE, else the one that `dbt build` makes without it."""
    return Path(os.environ.get("FACTORY_WAREHOUSE") or ROOT / "warehouse" / "factory.duckdb")


def check_path(path: Path) -> None:
    """Check that DuckDB can write a database at a path: it looks for its log before a `?`, as in a URL.

    Raises:
        UserError: it cannot.

    """
    if "?" in str(path):
        message = f"{path} has a ? in it, with which DuckDB writes no database: name another path"
        raise UserError(message)


def default_home() -> Path:
    """Return the folder that runs publish from: FACTORY_HOME, else `published`."""
    return Path(os.environ.get("FACTORY_HOME") or ROOT / "published")


def project_variables(project: Path = PROJECT) -> dict[str, object]:
    """Return the variables that the project has, with their defaults.

    Raises:
        UserError: the project cannot be read, or has none.

    """
    try:
        settings = yaml.safe_load(project.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        message = f"cannot read the variables of {project}: {' '.join(str(error).split())}"
        raise UserError(message) from error
    match settings:
        case {"vars": dict(variables)}:
            return variables
    message = f"{project} has no vars: put back those that it had"
    raise UserError(message)


def demo_as_of() -> datetime:
    """Return the demo's last instant, for which its metrics are computed unless another one is asked for."""
    return datetime.fromisoformat(str(project_variables()["demo_as_of"])).astimezone(UTC)


def time_ranges(project: Path = PROJECT) -> list[str]:
    """Return the time ranges as text (`7d`), in the project's order.

    Raises:
        UserError: the project cannot be read, or its `vars.time_ranges` is not a list of whole days.

    """
    match project_variables(project):
        case {"time_ranges": [_, *_] as ranges} if all(type(days) is int and days > 0 for days in ranges):
            return [f"{days}d" for days in ranges]
    message = f"{project}: vars.time_ranges must be a list of numbers of days, such as [7, 30, 90]"
    raise UserError(message)
