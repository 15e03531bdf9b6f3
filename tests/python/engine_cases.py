"""Asks an engine what engine_cases.yml has of its interface, and compares the answers."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from conftest import ROOT

# The macros that are asked, and what they need.
MACROS = (
    *(
        f"engine/**/{subject}.sql"
        for subject in ("text", "json", "numbers", "nested", "time", "window_functions")
    ),
    "metrics/ratios.sql",
    "logs/run_costs.sql",
)
TYPES = {"text": "string", "measure": "decimal(28, 9)", "whole": "decimal(38, 0)"}
TABLE: dict[str, Any] = yaml.safe_load((ROOT / "tests/python/engine_cases.yml").read_text(encoding="utf-8"))


def ask(folder: Path, *dbt: str) -> list[dict[str, object]]:
    """Ask an engine all cases by a command that takes dbt's arguments, from an empty folder."""
    write_project(folder)
    places = {
        "FACTORY_WAREHOUSE": str(folder / "cases.duckdb"),
        "FACTORY_SPARK_WAREHOUSE": str(folder / "spark"),
    }
    asked = [
        "show",
        "--quiet",
        "--select",
        "cases",
        "--limit",
        "-1",
        "--output",
        "json",
        "--project-dir",
        str(folder),
    ]
    done = subprocess.run(
        [*dbt, *asked, "--profiles-dir", str(ROOT)],
        cwd=ROOT,
        env=os.environ | places,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answers: list[dict[str, object]] = json.loads(done.stdout[done.stdout.index("{") :])["show"]
    assert len(answers) == len(TABLE["queries"]) + sum(len(call["cases"]) for call in TABLE["calls"])
    return answers


def wrong(answers: Iterable[dict[str, object]]) -> list[str]:
    """Return what was answered wrong, in words."""
    return [
        f"{row['asked']}: {row['actual']!r}, not {row['expected']!r}"
        for row in answers
        if not row["is_right"]
    ]


def write_project(folder: Path) -> None:
    """Write a dbt project with the macros that are asked, and one model that answers all cases."""
    for pattern in MACROS:
        for path in (ROOT / "macros").glob(pattern):
            copy = folder / "macros" / path.relative_to(ROOT / "macros")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    settings = {
        "name": "engine_cases",
        "profile": "factory_metrics",
        "flags": {"send_anonymous_usage_stats": False},
    }
    (folder / "dbt_project.yml").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "models").mkdir()
    (folder / "models" / "cases.sql").write_text("\nunion all\n".join(selects()), encoding="utf-8")


def selects() -> list[str]:
    """Return a SELECT of answers for each call and query."""
    found = []
    for call in TABLE["calls"]:
        columns, kinds = [*call["given"], "expected"], [*call["given"].values(), call["right"]]
        rows = [
            "select "
            + ", ".join(
                f"{literal(*pair)} as {name}" for name, *pair in zip(columns, case, kinds, strict=True)
            )
            for case in call["cases"]
        ]
        shown = " || ', ' || ".join(f"coalesce(cast({name} as string), 'null')" for name in call["given"])
        asked = f"{quoted(call['call'])} || ' of ' || {shown}"
        found.append(select(asked, f"{{{{ {call['call']} }}}}", " union all ".join(rows)))
    for query, right in TABLE["queries"]:
        asked = f"{{% raw %}}{quoted(query)}{{% endraw %}}"
        actual = query
        for name, relation in TABLE["relations"].items():
            actual = actual.replace(f"{{{name}}}", f"({relation}) as {name}")
        found.append(select(asked, "actual", f"select ({actual}) as actual, {right} as expected"))
    return found


def select(asked: str, actual: str, rows: str) -> str:
    """Return a SELECT of what is asked, what comes, what is right, and whether they are equal."""
    return (
        f"select {asked} as asked, cast({actual} as string) as actual, cast(expected as string) as expected,"
        f" {actual} is not distinct from expected as is_right from ({rows}) as given"
    )


def literal(value: object, kind: str) -> str:
    """Return a value of a type as SQL, from its text: engines take bare numbers for other types."""
    written = "null" if value is None else quoted(str(value))
    return f"cast({written} as {TYPES.get(kind, kind)})"


def quoted(text: str) -> str:
    """Return a text as SQL that all engines read alike: they differ in what a backslash and a quote mean."""
    parts: list[str] = []
    plain = ""
    for character in text.replace("{white}", TABLE["white"]):
        if character in "\\'" or character < " ":
            parts += [f"'{plain}'", f"chr({ord(character)})"]
            plain = ""
        else:
            plain += character
    return "(" + " || ".join([*parts, f"'{plain}'"]) + ")"
