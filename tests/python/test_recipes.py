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

TRANSITIONS = "models/intermediate/work_items/int_work_item_transitions"
CONTRACT = "scripts/factory_metrics/documents/contract.py"
BACKLOG_MACRO = """-- The visits of each org that are open.
{% macro backlog_metrics(days) -%}
with reporting_window as ({{ reporting_window(days) }}),
reported as ({{ reported_groups(['org_id']) }})
select reported.org_id, reported.as_of, reported.window_start, count(visits.org_id) as open_visits
from reported
left join {{ ref('int_station_visits') }} as visits
    on reported.org_id = visits.org_id and visits.left_at is null
group by reported.org_id, reported.as_of, reported.window_start
order by reported.org_id
{%- endmacro %}
"""
BACKLOG_YAML = """version: 2

models:
  - name: backlog_7d
    description: &description One row per org, with its open visits.
    columns: &columns
      - {name: org_id, description: '{{ doc("org_id") }}', data_type: string}
      - {name: as_of, description: '{{ doc("as_of") }}', data_type: timestamp}
      - {name: window_start, description: '{{ doc("window_start") }}', data_type: timestamp}
      - {name: open_visits, description: '{{ doc("open_visits") }}', data_type: bigint}
"""
BACKLOG_SHAPES = '''class BacklogMetrics(_Shape, frozen=True):
    """What is not done."""

    open_visits: Annotated[int, _of_column("open_visits", 3, ITEMS)]


class BacklogDocument(_Shape, frozen=True):
    """The body of `backlog`."""

    metrics: BacklogMetrics


'''

MONTH_END = """-- The last day of the month, which engines call otherwise.
{% macro month_end(day) -%}
    {{ return(adapter.dispatch('month_end')(day)) }}
{%- endmacro %}


-- A date or timestamp, so many days later.
"""

# What each recipe changes: a file, a text of it, and what comes in its place; no text for a file that is new.
RECIPES = {
    "A new range": [("dbt_project.yml", "time_ranges: [7, 30, 90]", "time_ranges: [7, 14, 30, 90]")],
    "A new event type": [
        (
            "macros/logs/event_types.sql",
            "'work-item.handoff',",
            "'work-item.handoff',\n        'work-item.blocked',",
        ),
        ("models/sources.yml", "`rework`: fromStage", "`blocked`: by; `rework`: fromStage"),
    ],
    "A new column for analysts": [
        (
            f"{TRANSITIONS}.sql",
            "        *,\n        case when",
            "        *,\n        {{ json_text('payload', 'reason') }} as reason,\n        case when",
        ),
        (
            f"{TRANSITIONS}.sql",
            "        result,\n        escalation_strategy,\n",
            "        result,\n        reason,\n        escalation_strategy,\n",
        ),
        (
            f"{TRANSITIONS}.yml",
            "      - {name: result,",
            "      - {name: reason, description: Why it was sent back.}\n      - {name: result,",
        ),
    ],
    "A new field of the API": [
        (
            "macros/metrics/aggregate_metrics.sql",
            "        cost_trend,\n\n",
            "        cost_trend,\n        total_issues - first_pass_issues as reworked_issues,\n\n",
        ),
        (
            "models/marts/aggregate/_aggregate.yml",
            "    columns: &columns\n",
            (
                "    columns: &columns\n      - {name: reworked_issues, data_type: bigint,"
                " description: '{{ doc(\"sent_back\") }}'}\n"
            ),
        ),
        (
            "models/marts/aggregate/_aggregate.md",
            "{% docs first_pass_issues %}",
            "{% docs sent_back %}\nIssues with rework.\n{% enddocs %}\n\n{% docs first_pass_issues %}",
        ),
        (
            CONTRACT,
            "\n\nclass StationM",
            '    reworked_issues: Annotated[int, _of_column("sent_back", 3, ITEMS)]\n\n\nclass StationM',
        ),
    ],
    "A new metric type": [
        ("macros/metrics/backlog_metrics.sql", "", BACKLOG_MACRO),
        ("models/marts/backlog/_backlog.yml", "", BACKLOG_YAML),
        ("models/marts/backlog/_backlog.md", "", "{% docs open_visits %}\nOpen visits.\n{% enddocs %}\n"),
        (CONTRACT, "# The documents by metric type", BACKLOG_SHAPES + "# The documents by metric type"),
        (
            CONTRACT,
            '    "devops": DevopsDocument,\n',
            '    "devops": DevopsDocument,\n    "backlog": BacklogDocument,\n',
        ),
    ],
    "Another meaning of a number": [
        (
            "macros/metrics/aggregate_metrics.sql",
            "round_ratio('total_issues', days, 2)",
            "round_ratio('first_pass_issues', days, 2)",
        ),
        ("models/marts/aggregate/_aggregate.md", "\nIssues completed per day", "\nFirst-pass issues per day"),
        (
            "models/semantic/_aggregate.yml",
            "1.0 * total_issues / nullif(window_days, 0), 0)\n      metrics: [total_issues,",
            "1.0 * first_pass_issues / nullif(window_days, 0), 0)\n      metrics: [first_pass_issues,",
        ),
    ],
    "A new name in the engine's interface": [
        ("macros/engine/time.sql", "-- A date or timestamp, so many days later.\n", MONTH_END),
        (
            "macros/engine/_engine.yml",
            "  - name: plus_days\n",
            (
                "  - name: month_end\n    description: The last day of the month.\n    arguments:\n"
                "      - {name: day, type: expression, description: A date.}\n  - name: plus_days\n"
            ),
        ),
        (
            "macros/engine/duckdb/_duckdb.yml",
            "  - {name: duckdb__plus_days,",
            "  - {name: duckdb__month_end, description: '`month_end`'}\n  - {name: duckdb__plus_days,",
        ),
        *(
            (
                f"macros/engine/{engine}/time.sql",
                f"{{% macro {engine}__plus_days(",
                (
                    f"{{% macro {engine}__month_end(day) -%}}\n    last_day({{{{ day }}}})\n{{%- endmacro %}}"
                    f"\n\n\n{{% macro {engine}__plus_days("
                ),
            )
            for engine in ("duckdb", "spark")
        ),
    ],
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Follow all recipes, and build what they concern on the demo."""
    project = tmp_path_factory.mktemp("recipes") / "project"
    copy_project(project)
    for edits in RECIPES.values():
        for name, old, new in edits:
            edit(project / name, old, new)
    with (project / "seeds/raw/factory_events.csv").open("a", newline="") as seed:
        times = ["2026-06-01T00:00:00Z"] * 2
        row = ["blocked", "acme-robotics", "", "work-item.blocked", "ISS-101", "", "", "", *times, "{}"]
        csv.writer(seed, lineterminator="\n").writerow(row)
    for script in ("write_ranges.py", "write_openapi.py"):
        run(project, DBT[0], f"scripts/dev/{script}")
    marts = [f"+{kind}_{days}d" for kind, days in (("aggregate", 7), ("aggregate", 14), ("aggregate", 30))]
    run(
        project,
        *DBT,
        "build",
        "--select",
        *marts,
        "+backlog_14d",
        "--exclude-resource-type",
        "test",
        "unit_test",
    )
    return project


def edit(file: Path, old: str, new: str) -> None:
    """Replace a text that is there once, or write a new file."""
    if not old:
        file.parent.mkdir(exist_ok=True)
    text = file.read_text("utf-8") if old else ""
    assert not old or text.count(old) == 1, (file, old)
    file.write_text(text.replace(old, new) if old else new, "utf-8")


def run(project: Path, *command: str) -> str:
    """Run a command in the copy, as make does; return what it prints."""
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
    return result.stdout


def rows(project: Path, query: str) -> list[tuple[object, ...]]:
    """Return what a query finds in the copy's warehouse."""
    with duckdb.connect(str(project / "warehouse/factory.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def of_acme(project: Path, query: str) -> list[object]:
    """Return the values that a query finds for an org of the demo."""
    [values] = rows(project, f"{query} where org_id = 'acme-robotics'")
    return [*values]


def documents(project: Path, metric_type: str) -> dict[str, object]:
    """Write the documents of a metric type; return the metrics of an org."""
    options = ("--out", "documents", "--metric-type", metric_type, "--time-range", "14d")
    run(project, DBT[0], "scripts/serialize_marts.py", *options)
    document = json.loads((project / f"documents/acme-robotics/{metric_type}/14d.json").read_text("utf-8"))
    metrics = document["metrics"]
    assert isinstance(metrics, dict)
    return metrics


def description(project: Path) -> str:
    """Return the API's description."""
    return (project / "scripts/factory_metrics/api/openapi.json").read_text("utf-8")


def test_a_new_range_has_marts_and_is_described(project: Path) -> None:
    issues = [of_acme(project, f"select total_issues from aggregate_{days}d") for days in (7, 14, 30)]
    assert issues[0] < issues[1] < issues[2]
    assert len(list((project / "models/marts").glob("*/*_14d.sql"))) == 8
    assert '"14d"' in json.dumps(json.loads(description(project))["paths"])


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
    query = "select total_issues - first_pass_issues from aggregate_14d"
    assert [documents(project, "aggregate")["reworkedIssues"]] == of_acme(project, query)
    assert "Issues with rework." in description(project)


def test_a_new_metric_type_has_documents_and_is_tested(project: Path) -> None:
    query = "select count(*) from intermediate.int_station_visits"
    assert documents(project, "backlog") == {
        "openVisits": rows(project, f"{query} where org_id = 'acme-robotics' and left_at is null")[0][0]
    }
    assert "BacklogDocument" in description(project)
    assert "'backlog'" in (project / "tests/dbt/promises/windows_have_their_days.sql").read_text("utf-8")


def test_another_meaning_is_computed_and_described(project: Path) -> None:
    query = "select throughput_per_day, round(first_pass_issues / 14, 2) from aggregate_14d"
    [figure, expected] = of_acme(project, query)
    assert figure == expected
    assert figure != of_acme(project, "select round(total_issues / 14, 2) from aggregate_14d")[0]
    assert "First-pass issues per day of the window" in description(project)


def test_a_new_name_of_the_engine_answers(project: Path) -> None:
    query = "select {{ month_end(\"date '2026-02-03'\") }} as day"
    assert "2026-02-28" in run(project, *DBT, "show", "--quiet", "--output", "json", "--inline", query)


def test_a_recipe_names_all_that_it_changes_at_most_five_places() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    recipes = re.split(r"(?m)^\*\*", text.partition("## Recipes")[2].partition("## Rules")[0])[1:]
    assert [recipe.partition("**")[0] for recipe in recipes] == [*RECIPES]
    for recipe, edits in zip(recipes, RECIPES.values(), strict=True):
        places = re.findall(r"(?m)^\d\. `([\w./-]+)`: ", recipe)
        assert len(places) == len(re.findall(r"(?m)^\d", recipe)) <= 5, recipe
        assert all((ROOT / place).exists() for place in places), places
        changed = {place for place in places for name, _, _ in edits if name.startswith(place)}
        left_out = {place for place in places if place.startswith(("docs/", "tests/"))}
        assert changed | left_out == {*places}, recipe
        assert all(name.startswith(tuple(places)) for name, _, _ in edits), recipe
