"""The engine's interface on DuckDB: each macro answers as the table of cases says."""

from pathlib import Path

import engine_cases
import pytest
from conftest import DBT


def test_macros_of_the_engine_answer_as_the_cases_say(tmp_path: Path) -> None:
    assert not engine_cases.wrong(engine_cases.ask(tmp_path, *DBT))


def test_a_wrong_answer_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call = {
        "call": "trimmed('a')",
        "given": {"a": "text"},
        "right": "text",
        "cases": [[" b", " b"], [" b", "b"]],
    }
    monkeypatch.setitem(engine_cases.TABLE, "calls", [call])
    monkeypatch.setitem(engine_cases.TABLE, "queries", [["select 1", "cast(null as int)"]])
    wrong = engine_cases.wrong(engine_cases.ask(tmp_path, *DBT))
    assert wrong == ["trimmed('a') of  b: 'b', not ' b'", "select 1: '1', not None"]
