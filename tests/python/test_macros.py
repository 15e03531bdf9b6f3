"""Macros: what they send to an engine."""

import re

from conftest import ROOT

MACROS = ROOT / "macros"
DUCKDB = MACROS / "engine" / "duckdb"
FILES = sorted(MACROS.rglob("*.sql"))


def test_hooks_and_strategies_are_one_statement_at_a_time() -> None:
    several = re.compile(r"^(?!\s*--).*;\s*(?:$|delete |insert |update |create |drop )", re.MULTILINE)
    assert several.search("    delete from progress;\n    insert into progress")
    found = {file.name: several.findall(file.read_text("utf-8")) for file in FILES if file.parent != DUCKDB}
    assert {name: lines for name, lines in found.items() if lines} == {}
