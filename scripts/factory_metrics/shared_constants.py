"""What SQL and Python both know of the logs and of figures: it stands in macros, and is read from them."""

import ast
import re
from typing import Any

from factory_metrics.project import ROOT


def returned(macro: str, file: str) -> Any:  # noqa: ANN401 - whatever the macro returns
    """Return what a macro without arguments returns: a literal, which Jinja and Python write alike."""
    text = (ROOT / "macros" / file).read_text(encoding="utf-8")
    found = re.search(rf"macro {macro}\(\) -%}}\s*{{{{ return\((.*?)\) }}}}", text, re.DOTALL)
    if not found:
        message = f"macros/{file} has no macro {macro}() that only returns a literal: put it back"
        raise LookupError(message)
    return ast.literal_eval(found[1])


STATIONS: tuple[str, ...] = tuple(returned("stations", "logs/stations.sql"))

# The columns of each log, with their kinds.
LOG_COLUMNS: dict[str, dict[str, str]] = returned("raw_logs", "logs/columns.sql")

# How a length of time is written: unit, its seconds, decimals; the shortest unit first.
LENGTH_UNITS: list[tuple[str, int, int]] = returned("length_units", "metrics/ratios.sql")
