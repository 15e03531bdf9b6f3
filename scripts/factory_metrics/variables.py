"""Check dbt's variables: which there are, and of which kind. `dbt_project.yml` lists them.

A misspelled one would change nothing, or let dbt build the demo instead of a user's logs.
"""

import os
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from hashlib import md5
from math import inf
from typing import Any

import yaml

from factory_metrics.project import ROOT, UserError, demo_as_of, project_variables

_EXAMPLE = "'{raw_path: /data/logs}'"

# How an analysis asks for a variable; these have their defaults there.
_ASKED_FOR = re.compile(r"""\bvar\(\s*['"](\w+)['"]""")


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < inf


def _is_whole_number(value: object) -> bool:
    return isinstance(value, int) and _is_number(value)


# What variables must be; `as_of` is checked by macros/metrics/clock.sql.
_KINDS: dict[str, tuple[Callable[[object], bool], str]] = {
    "raw_path": (_is_text, "a folder"),
    "raw_database": (_is_text, "a file or a URL"),
    "raw_schema": (_is_text, "a name"),
    "seeds_path": (_is_text, "a folder"),
    "default_org": (_is_text, "a name"),
    "runs_from": (
        lambda value: value in ("factory_metrics", "factory_events", "both"),
        "factory_metrics, factory_events or both",
    ),
    "look_back_hours": (_is_whole_number, "a whole number of 0 or more"),
    "max_rejected_share": (_is_number, "a number of 0 or more"),
    "list_limit": (_is_whole_number, "a whole number of 0 or more"),
}

_PLACES = ("raw_path", "raw_database", "raw_schema")


def read_variables(text: str) -> dict[str, Any]:
    """Return dbt's variables from YAML, with absolute paths: dbt works in the project's folder.

    Raises:
        UserError: they are no mapping, or one of them is unknown, or of a wrong kind.

    """
    try:
        variables = yaml.safe_load(text) or {}
    except (yaml.YAMLError, ValueError) as error:
        message = f"--vars {text} is no YAML ({' '.join(str(error).split())}): write it like {_EXAMPLE}"
        raise UserError(message) from error
    if not isinstance(variables, dict):
        message = f"--vars {text} is no mapping: write it like {_EXAMPLE}"
        raise UserError(message)
    check_variables(variables)
    places = _places(variables) | {"seeds_path": os.path.abspath(variables.get("seeds_path") or "")}  # noqa: PTH100
    return variables | {name: place for name, place in places.items() if variables.get(name)}


def check_variables(variables: Mapping[str, object], *, of_analyses: bool = False) -> None:
    """Check that dbt's variables exist and are of their kind; `of_analyses`: also variables of analyses.

    Raises:
        UserError: one of them does not, or is not.

    """
    known = list(project_variables())
    if of_analyses:
        texts = (path.read_text(encoding="utf-8") for path in sorted((ROOT / "analyses").glob("*.sql")))
        known += sorted({name for text in texts for name in _ASKED_FOR.findall(text)} - {*known})
    for name in map(str, variables):
        if name not in known:
            raise UserError(_unknown(name, known))
        if name in _KINDS and not _KINDS[name][0](variables[name]):
            message = f"--vars has {name}: {variables[name]}, which must be {_KINDS[name][1]}"
            raise UserError(message)


def wanted_as_of(variables: Mapping[str, object]) -> object:
    """Return the instant that variables ask for; None for the time of the run.

    The demo, which they name unless they name other logs, has ended long ago.
    """
    is_demo = not any(variables.get(name) for name in _PLACES)
    return variables.get("as_of") or (demo_as_of() if is_demo else None)


def logs_place(variables: Mapping[str, object]) -> str:
    """Return the checksum by which a warehouse knows its logs; of none, it is the demo's.

    The same place has one, however its path is written.
    """
    place = "|".join(_places(variables).values())
    return md5(place.encode(), usedforsecurity=False).hexdigest()[:12]


def may_lack(log: str, variables: Mapping[str, object]) -> bool:
    """Tell whether a log may be absent; macros/logs/columns.sql says the same."""
    return log == "factory_metrics" and variables.get("runs_from") == "factory_events"


def _places(variables: Mapping[str, object]) -> dict[str, str]:
    """Return where the logs are, paths as absolute ones without `.` and `..`."""
    places = {name: str(variables.get(name) or "") for name in _PLACES}
    database = places["raw_database"]
    if places["raw_path"]:
        places["raw_path"] = os.path.abspath(places["raw_path"])  # noqa: PTH100 - without `..`
    if ":" not in database and any(char in database for char in "/."):  # neither a URL nor a name
        places["raw_database"] = os.path.abspath(database)  # noqa: PTH100 - as above
    return places


def _unknown(name: str, known: list[str]) -> str:
    """Say that there is no such variable, and which one may be meant."""
    message = f"--vars has {name}, which is no variable"
    meant, colon, value = name.partition(":")
    if colon and meant in known:
        return f"{message}: write a blank after the colon, as in '{{{meant}: {value}}}'"
    close = get_close_matches(name, known, n=1)
    message += f" (is {close[0]} meant?)" if close else ""
    return f"{message}; there are: {', '.join(known)}"
