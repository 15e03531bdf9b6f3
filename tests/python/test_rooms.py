"""The rooms of `scripts/factory_metrics`: imports go one way, and a name stands for one thing."""

import ast
from collections import Counter
from pathlib import Path

import pytest
from conftest import ROOT

PACKAGE = ROOT / "scripts" / "factory_metrics"
# What each room may know beside itself and the modules at the top.
KNOWS = {
    "logs": set[str](),
    "documents": set[str](),
    "bi": set[str](),
    "synthetic": set[str](),
    "spark": {"logs"},
    "pull": {"documents"},
    "report": {"documents"},
    "runs": {"logs", "documents", "bi"},
    "api": {"documents", "report"},
}


def imported_rooms(room: str) -> set[tuple[str, str]]:
    """Return which modules of a room import which other rooms."""
    found = set()
    for file in (PACKAGE / room).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.ImportFrom(module="factory_metrics", names=names):
                    found |= {(file.name, alias.name) for alias in names}
                case ast.ImportFrom(module=str(module)) if module.startswith("factory_metrics."):
                    found.add((file.name, module.split(".")[1]))
    return {(file, other) for file, other in found if other != room and (PACKAGE / other).is_dir()}


def test_all_rooms_are_listed_and_say_what_they_know() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms == set(KNOWS)
    for room in rooms:
        assert ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text("utf-8"))), room


@pytest.mark.parametrize("room", KNOWS)
def test_imports_go_one_way(room: str) -> None:
    assert {other for _, other in imported_rooms(room)} <= KNOWS[room], imported_rooms(room)


def test_no_two_modules_have_the_same_name() -> None:
    modules = [
        *(ROOT / "scripts").glob("*.py"),
        *(ROOT / "scripts" / "dev").glob("*.py"),
        *PACKAGE.rglob("*.py"),
    ]
    names = Counter(_name(path) for path in modules if path.name != "__main__.py")
    assert len(names) > 50
    assert [name for name, count in names.items() if count > 1] == []


def test_no_two_classes_have_the_same_name() -> None:
    trees = (ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py"))
    names = Counter(node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef))
    assert len(names) > 50
    assert [name for name, count in names.items() if count > 1 and not name.startswith("_")] == []


def _name(path: Path) -> str:
    """Return a module's name; a package's is its folder's."""
    return path.parent.name if path.name == "__init__.py" else path.stem
