"""What SQL and Python share is read from the macros."""

import ast
import re

import pytest
from conftest import ROOT
from real_forms import names_of
from reference_rows import EVENT_TYPES
from reference_settings import STATIONS

from factory_metrics import shared_constants


def test_stations_are_those_of_the_spec_in_their_order() -> None:
    assert shared_constants.STATIONS == STATIONS


def test_columns_are_those_of_the_spec() -> None:
    events, runs = (shared_constants.LOG_COLUMNS[log] for log in ("factory_events", "factory_metrics"))
    assert [name for name, kind in events.items() if kind == "json"] == ["payload"]
    assert [name for name, kind in runs.items() if kind == "json"] == ["metadata"]
    assert [name for name, kind in runs.items() if kind == "measure"] == ["cost_usd", "duration_ms"]


def test_event_types_times_and_instants_are_those_of_the_spec() -> None:
    assert {*shared_constants.EVENT_TYPES} == {*EVENT_TYPES}
    times = {log: shared_constants.spellings(names) for log, names in shared_constants.TIME_COLUMNS.items()}
    assert times == {
        "factory_events": names_of("occurred_at"),
        "factory_metrics": names_of("recorded_at"),
    }
    assert re.fullmatch(shared_constants.ISO_8601, "2026-06-30T12:00:00.5+02:00")


def test_a_macro_that_computes_something_is_refused_in_words() -> None:
    with pytest.raises(LookupError, match=r"macros/logs/columns.sql has no macro log_columns\(\) that only"):
        shared_constants.returned("log_columns", "logs/columns.sql")


def test_stations_stand_nowhere_else_in_python() -> None:
    for path in (ROOT / "scripts" / "factory_metrics").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Tuple | ast.List | ast.Set):
                texts = {item.value for item in node.elts if isinstance(item, ast.Constant)}
                assert not texts >= {*STATIONS}, path
