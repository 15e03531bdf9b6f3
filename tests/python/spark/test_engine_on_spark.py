"""The engine's interface on Spark: the same cases as on DuckDB, and what stops a session from starting."""

import os
import socket
import subprocess
from pathlib import Path

import engine_cases
import pytest
from conftest import ROOT

COMMAND = ROOT / "scripts" / "run_on_spark.py"
PYTHONS = {name: str(ROOT / f".venv-{name}" / "bin" / "python") for name in ("spark4", "spark35")}


@pytest.mark.parametrize("environment", PYTHONS)
def test_macros_of_the_engine_answer_as_the_cases_say(tmp_path: Path, environment: str) -> None:
    answers = engine_cases.ask(tmp_path, PYTHONS[environment], str(COMMAND))
    assert not engine_cases.wrong(answers)


@pytest.mark.parametrize("environment", PYTHONS)
def test_overflow_fails(tmp_path: Path, environment: str) -> None:
    engine_cases.write_project(tmp_path)
    done = run_dbt(
        environment,
        *("show", "--inline", "select 9223372036854775807 + 1 as x", "--project-dir", str(tmp_path)),
        FACTORY_SPARK_WAREHOUSE=str(tmp_path / "spark"),
    )
    assert done.returncode == 2
    assert "ARITHMETIC_OVERFLOW" in done.stdout
    assert "java.lang" not in done.stderr


def test_an_unknown_variable_is_refused() -> None:
    done = run_dbt("spark4", "build", "--vars", "{raw_pth: /data/logs}")
    assert done.returncode == 2
    assert "raw_pth" in done.stderr
    assert "raw_path" in done.stderr


def test_a_file_to_export_to_must_be_new(tmp_path: Path) -> None:
    (tmp_path / "old.duckdb").touch()
    done = run_dbt("spark4", "--export", str(tmp_path / "old.duckdb"), "build")
    assert done.returncode == 2
    assert done.stderr.endswith("old.duckdb is there already: name another file, or remove it\n")


def test_a_machine_without_java_says_what_to_install() -> None:
    done = run_dbt("spark4", "debug", JAVA_HOME="/nowhere")
    assert done.returncode == 2
    assert done.stderr == (
        "run_on_spark: Spark needs Java, and there is none at /nowhere/bin/java: "
        "install Java 17 (Debian: openjdk-17-jre-headless), or name it by JAVA_HOME\n"
    )


def test_another_java_is_refused_by_its_version(tmp_path: Path) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n", encoding="utf-8")
    java.chmod(0o755)
    done = run_dbt("spark4", "debug", JAVA_HOME=str(tmp_path))
    assert done.returncode == 2
    assert (
        f'Spark runs on Java 17 to 21, and {java} is another (openjdk version "11.0.2" 2019-01-15)'
        in done.stderr
    )


def test_a_master_that_does_not_answer_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        master = f"spark://127.0.0.1:{taken.getsockname()[1]}"
        done = run_dbt("spark4", "debug", FACTORY_SPARK_MASTER=master)
    assert done.returncode == 2
    assert f"is FACTORY_SPARK_MASTER={master} right, and does it run?" in done.stderr


def run_dbt(environment: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run dbt on Spark, with variables of the environment."""
    return subprocess.run(
        [PYTHONS[environment], str(COMMAND), *arguments, "--profiles-dir", str(ROOT)],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
