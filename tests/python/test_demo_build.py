"""dbt's own tests: of keys, promises and formulas, on the demo factory."""

import json
from pathlib import Path

import sqlglot
from conftest import Warehouse
from sqlglot import exp


def test_the_demo_builds_with_all_its_tests(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    result = warehouse.dbt("build", "{}", "--full-refresh", "--quiet")
    assert result.returncode == 0, result.stdout + result.stderr
    rejected = "select count(*) > 0 from rejected_records"
    assert warehouse.rows(rejected) == [(True,)], "the demo is there"
    nodes = json.loads((tmp_path / "target/manifest.json").read_text("utf-8"))["nodes"]
    compiled = {name: node["compiled_code"] for name, node in nodes.items() if node.get("compiled_code")}
    assert len(compiled) > 200
    assert {name: found for name, sql in compiled.items() if (found := filtered_aliases(sql))} == {}


def filtered_aliases(sql: str) -> set[str]:
    """Return the names that a query gives and also filters by, which DuckDB alone understands.

    A name that is made of a column of this name is meant to be the column.
    """
    found = set()
    for select in sqlglot.parse_one(sql, dialect="duckdb").find_all(exp.Select):
        given = {item.alias: item for item in select.expressions if isinstance(item, exp.Alias)}
        if condition := select.args.get("where"):
            for column in condition.find_all(exp.Column):
                item = given.get(column.name)
                own = column.find_ancestor(exp.Select) is select and not column.table
                if own and item and column.name not in {part.name for part in item.find_all(exp.Column)}:
                    found.add(column.name)
    return found


def test_a_filter_by_a_name_that_the_query_gives_is_found() -> None:
    assert filtered_aliases("select a + 1 as b, c from d where b > 1 and c > 1") == {"b"}
    assert filtered_aliases("select e from (select 1 as b from d where b = 1) as f where e = 1") == {"b"}
    assert filtered_aliases("select min(b) as b, d.e as c from d where b > 1 and d.c > 1") == set()
