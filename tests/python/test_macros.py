"""Macros: engines are known by name only, and take one statement at a time."""

import re
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

MACROS = ROOT / "macros"
ENGINES = ("duckdb", "spark")
FILES = sorted(MACROS.rglob("*.sql"))
# The engine reads logs, so it knows their columns.
KNOWN_TO_ENGINE = {"engine", "logs"}


def names(file: Path) -> list[str]:
    """Return the macros of a file."""
    return re.findall(r"{%-? (?:macro|test) (\w+)", file.read_text("utf-8"))


def calls(file: Path, macros: set[str]) -> set[str]:
    """Return which of these macros a file calls."""
    return macros & set(re.findall(r"(?<![\w.'])(\w+)\(", file.read_text("utf-8")))


def test_engines_have_names_for_what_others_call() -> None:
    own = {name for file in FILES if file.parent.name in ENGINES for name in names(file) if "__" not in name}
    files = (*FILES, *(ROOT / "models").rglob("*.sql"))
    others = [file for file in files if file.parent.name not in ENGINES]
    assert len(own) > 10
    assert {file.name: found for file in others if (found := calls(file, own))} == {}


def test_the_engine_knows_no_metrics() -> None:
    others = {
        name
        for file in FILES
        if file.relative_to(MACROS).parts[0] not in KNOWN_TO_ENGINE
        for name in names(file)
    }
    assert {"percentiles", "taken_in"} <= others
    engine = (MACROS / "engine").rglob("*.sql")
    assert {file.name: found for file in engine if (found := calls(file, others))} == {}


def test_hooks_and_strategies_are_one_statement_at_a_time() -> None:
    several = re.compile(r"^(?!\s*--).*;\s*(?:$|delete |insert |update |create |drop )", re.MULTILINE)
    assert several.search("    delete from progress;\n    insert into progress")
    found = {
        file.name: several.findall(file.read_text("utf-8")) for file in FILES if file.parent.name != "duckdb"
    }
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_files_of_several_macros_say_what_they_are_about() -> None:
    silent = [
        str(file.relative_to(MACROS))
        for file in FILES
        if len(names(file)) > 1 and not re.match(r"(--.*\n)+\n\n", file.read_text("utf-8"))
    ]
    assert silent == []


@pytest.mark.parametrize("folder", ["", *ENGINES])
def test_macros_of_engines_are_described_in_the_order_of_their_files(folder: str) -> None:
    place = MACROS / "engine" / folder
    [file] = place.glob("*.yml")
    described = [macro["name"] for macro in yaml.safe_load(file.read_text("utf-8"))["macros"]]
    found = [name for sql in sorted(place.glob("*.sql")) for name in names(sql)]
    # Spark's own way of a name is not described.
    assert described == [name for name in found if not name.startswith("spark__")]
