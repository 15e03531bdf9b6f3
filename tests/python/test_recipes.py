"""The recipes of CONTRIBUTING.md work, followed in a copy of the project."""

import csv
import json
import os
import re
import subprocess
from pathlib import Path

import duckdb
import pytest
from conftest import DBT, ROOT, copy_project

FIELD = '    reworked_issues: Annotated[int, _about("Issues with rework.", 3, ITEMS)]\n'


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Follow all recipes, and build what they concern on the demo."""
    project = tmp_path_factory.mktemp("recipes") / "project"
    copy_project(project)

    # a new range
    edit(project / "dbt_project.yml", "time_ranges: [7, 30, 90]", "time_ranges: [7, 14, 30, 90]")
    # a new event type
    types = project / "macros/logs/event_types.sql"
    edit(types, "'work-item.handoff',", "'work-item.handoff',\n        'work-item.blocked',")
    with (project / "seeds/raw/factory_events.csv").open("a", newline="") as seed:
        times = ["2026-06-01T00:00:00Z"] * 2
        row = ["blocked", "acme-robotics", "", "work-item.blocked", "ISS-101", "", "", "", *times, "{}"]
        csv.writer(seed, lineterminator="\n").writerow(row)
    # a new column
    work_items = project / "models/intermediate/work_items"
    edit(
        work_items / "int_work_item_transitions.sql",
        "    select\n        *,\n        case when",
        "    select\n        *,\n        {{ json_text('payload', 'reason') }} as reason,\n        case when",
    )
    edit(
        work_items / "int_work_item_transitions.sql",
        "        result,\n        escalation_strategy,\n",
        "        result,\n        reason,\n        escalation_strategy,\n",
    )
    edit(
        work_items / "int_work_item_transitions.yml",
        "      - {name: result,",
        "      - {name: reason, description: Why it was sent back.}\n      - {name: result,",
    )
    # a new field of the API
    edit(
        project / "macros/metrics/aggregate_metrics.sql",
        "        cost_trend,\n\n        -- sums",
        "        cost_trend,\n        total_issues - first_pass_issues as reworked_issues,\n        -- sums",
    )
    edit(
        project / "models/marts/aggregate/_aggregate.yml",
        "      - name: first_pass_issues\n",
        "      - {name: reworked_issues, description: Issues with rework., data_type: bigint}\n"
        "      - name: first_pass_issues\n",
    )
    contract = project / "scripts/factory_metrics/documents/contract.py"
    edit(contract, "\n\nclass StationMetrics(", FIELD + "\n\nclass StationMetrics(")

    for script in ("write_ranges.py", "write_openapi.py"):
        run(project, DBT[0], f"scripts/dev/{script}")
    marts = ("+aggregate_14d", "+aggregate_7d", "+aggregate_30d", "+aggregate_90d")
    run(project, *DBT, "build", "--select", *marts, "--exclude-resource-type", "test", "unit_test")
    return project


def edit(file: Path, old: str, new: str) -> None:
    """Replace a text that is there once."""
    text = file.read_text("utf-8")
    assert text.count(old) == 1, (file, old)
    file.write_text(text.replace(old, new), "utf-8")


def run(project: Path, *command: str) -> None:
    """Run a command in the copy, as make does."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("FACTORY", "DBT"))
    }
    result = subprocess.run(
        command,
        cwd=project,
        env=environment | {"DBT_PROFILES_DIR": str(project)},
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]


def rows(project: Path, query: str) -> list[tuple[object, ...]]:
    """Return what a query finds in the copy's warehouse."""
    with duckdb.connect(str(project / "warehouse/factory.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_a_new_range_has_marts_and_is_described(project: Path) -> None:
    issues = "(select total_issues from aggregate_{} where org_id = 'acme-robotics')"
    [(week, fortnight, month)] = rows(
        project, f"select {', '.join(issues.format(days) for days in ('7d', '14d', '30d'))}"
    )
    assert week < fortnight < month  # type: ignore[operator]
    assert len(list((project / "models/marts").glob("*/*_14d.sql"))) == 7
    description = json.loads((project / "scripts/factory_metrics/api/openapi.json").read_text("utf-8"))
    assert '"14d"' in json.dumps(description["paths"])


def test_a_new_event_type_is_accepted(project: Path) -> None:
    assert rows(
        project, "select rejected_rule from staging.base_event_deliveries where event_id = 'blocked'"
    ) == [(None,)]


def test_a_new_column_has_values(project: Path) -> None:
    types = rows(
        project, "select distinct event_type from intermediate.int_work_item_transitions where reason != ''"
    )
    assert types == [("work-item.rework",)]


def test_a_new_field_is_in_the_documents(project: Path) -> None:
    options = ("--out", "documents", "--metric-type", "aggregate", "--time-range", "14d")
    run(project, DBT[0], "scripts/serialize_marts.py", *options)
    document = json.loads((project / "documents/acme-robotics/aggregate/14d.json").read_text("utf-8"))
    expected = rows(
        project, "select total_issues - first_pass_issues from aggregate_14d where org_id = 'acme-robotics'"
    )
    assert [(document["metrics"]["reworkedIssues"],)] == expected


def test_a_recipe_has_at_most_five_places() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    recipes = re.split(r"(?m)^\*\*", text.partition("## Recipes")[2].partition("## Rules")[0])[1:]
    places = {recipe.partition("**")[0]: re.findall(r"(?m)^\d\. ", recipe) for recipe in recipes}
    assert len(places) == 7, places
    assert max(map(len, places.values())) == 5, places
