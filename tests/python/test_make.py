"""Targets of make: they name what they need before they make anything, and `make clean` removes all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

MADE = [".documents.known", "documents/manifest.json", "logs/dbt.log", "report.html", "target/manifest.json"]
MADE += ["warehouse/factory.duckdb", "warehouse/factory.duckdb.wal"]
MADE += ["warehouse/api_keys.sqlite", "warehouse/api_keys.sqlite-wal"]
MADE += [f"{name}/CACHEDIR.TAG" for name in (".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis")]


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make in a folder, without what the tests' own make hands on."""
    for name in ("", "-bi", "-dev", "-spark4", "-spark35"):
        (folder / f"requirements{name}.txt").touch()
    inherited = {
        name: of for name, of in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "JAVA"))
    }
    return subprocess.run(
        ["/usr/bin/make", "--file", ROOT / "Makefile", *arguments],
        cwd=folder,
        env=inherited | environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def program(file: Path, script: str) -> str:
    """Write a program."""
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


@pytest.mark.parametrize("target", [".venv/runtime", ".venv-bi/installed", ".venv-spark4/installed"])
def test_another_python_or_none_is_refused_in_a_line(target: str, tmp_path: Path) -> None:
    older = "import sys; sys.version_info = (3, 10, 9); exec(sys.argv[1])"
    found = program(tmp_path / "python3.10", f"exec {sys.executable} -c '{older}' \"$2\"")
    for result, name in (
        (make(tmp_path, target, f"PYTHON={found}"), found),
        (make(tmp_path, target, PATH=str(tmp_path)), "python3"),
    ):
        line, of_make = result.stderr.splitlines()
        assert line.startswith(f"Python 3.11 is needed, and {name} is not it, or not whole: install it")
        assert of_make.startswith("make: ***")
    assert not list(tmp_path.glob(".venv*"))


@pytest.mark.parametrize("version", ["11.0.2", "22"])
def test_without_the_right_java_nothing_is_installed(version: str, tmp_path: Path) -> None:
    program(tmp_path / "java", f"echo 'openjdk version \"{version}\"' >&2")
    for result in (
        make(tmp_path, "test-spark", PATH=f"{tmp_path}:{os.environ['PATH']}"),
        make(tmp_path, "test-spark", JAVA_HOME="/nowhere"),
    ):
        assert result.stderr.startswith("Java 17 to 21 is needed, and ")
        assert "install it (Debian: openjdk-17-jre-headless)" in result.stderr.splitlines()[0]
    assert not list(tmp_path.glob(".venv*"))


def test_the_right_java_is_taken(tmp_path: Path) -> None:
    program(tmp_path / "java", "echo 'openjdk version \"17.0.12\" 2024-07-16' >&2")
    assert make(tmp_path, "java", PATH=f"{tmp_path}:{os.environ['PATH']}").returncode == 0


def test_clean_leaves_nothing_that_targets_made(tmp_path: Path) -> None:
    for name in MADE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert make(tmp_path, "clean").returncode == 0
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith("requirements")] == []
    own = tmp_path / "warehouse" / "own.duckdb"
    own.parent.mkdir()
    own.touch()
    assert make(tmp_path, "clean").returncode == 0
    assert own.exists()
