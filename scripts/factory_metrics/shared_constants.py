"""What SQL and Python both know of the logs and of figures: it stands in macros, and is read from them."""

import ast
import re
from collections.abc import Iterable
from typing import Any

from factory_metrics.project import ROOT


def returned(macro: str, file: str) -> Any:  # noqa: ANN401 - whatever the macro returns
    """Return what a macro without arguments returns: a literal, which Jinja and Python write alike."""
    text = (ROOT / "macros" / file).read_text(encoding="utf-8")
    found = re.search(rf"macro {macro}\(\) -%}}\s*{{{{ return\((.*?)\) }}}}", text, re.DOTALL)
    if not found:
        message = f"macros/{file} has no macro {macro}() that only returns a literal: put it back"
        raise LookupError(message)
    return ast.literal_eval(f"({found[1]})")


def spellings(names: Iterable[str]) -> list[str]:
    """Return names in snake_case, each with its camelCase after it; macros/logs/columns.sql does the same."""
    all_names = (form for name in names for form in (name, re.sub("_(.)", lambda at: at[1].upper(), name)))
    return [*dict.fromkeys(all_names)]


STATIONS: tuple[str, ...] = tuple(returned("stations", "logs/stations.sql"))

# The columns of each log, with their kinds.
LOG_COLUMNS: dict[str, dict[str, str]] = returned("raw_logs", "logs/columns.sql")

# The names that the time of a row of each log may have, in snake_case.
TIME_COLUMNS: dict[str, list[str]] = returned("time_columns", "logs/columns.sql")

# The model that has all deliveries of each log.
BASE_MODELS: dict[str, str] = {log: of[0] for log, of in returned("log_models", "logs/columns.sql").items()}

EVENT_TYPES: tuple[str, ...] = tuple(returned("event_types", "logs/event_types.sql"))

ISO_8601: str = returned("iso_8601", "metrics/clock.sql")

# How a length of time is written: unit, its seconds, decimals; the shortest unit first.
LENGTH_UNITS: list[tuple[str, int, int]] = returned("length_units", "metrics/ratios.sql")
