"""The linter of DuckDB's own SQL refuses what it must, where it must, and nothing else."""

import re
from pathlib import Path

import pytest

import check_dialect

# What it refuses, each with the pattern that it is refused by.
SQL = {
    "select id::text from runs": "::",
    "select try_cast(a as date) from runs": "try_cast",
    "select cast(null as varchar) as a": "varchar",
    "select cast(a as hugeint) from runs": "hugeint",
    "create table passed (share double precision)": "double precision",
    "select cast(a as date[]) from runs": "date[]",
    "select cast(a as struct(b date)) from runs": "struct(",
    "select unnest(a) from runs": "unnest(",
    "where len(items) > 1": "len(",
    "select list_sum(costs) from runs": "list_sum(",
    "select list_total(a, lambda x: x)": "lambda",
    "where (org_id, run_id) in (select 1)": "(org_id, run_id) in (",
    "select (org_id, run_id) from runs": "select (org_id, run_id) from",
    "{{ dbt.dateadd('day', 1, 'a') }}": "dbt.dateadd",
    "select date_diff('day', a, b)": "date_diff",
    "select strftime(a, '%Y')": "strftime(a,",
    "select a + interval 1 day": "interval",
    "where cast(as_of as date) - 6 > a": "as date) -",
    "{% do run_query('select regexp_extract(a, 1)') %}": "regexp_",
    "select a -> 'key'": "->",
    "select any_value(a)": "any_value",
    "select last_value(a ignore nulls) over (order by b)": "ignore nulls",
    "select arg_max(a, b)": "arg_max",
    "select quantile_cont(a, 0.5)": "quantile",
    "select length_us / 2000.0": "/ 2000.0",
    "select * replace (1 as a) from runs": "* replace",
    "select * exclude a from runs": "* exclude",
    "select orgs.* exclude (a) from orgs": "* exclude",
    "cross join range(20) as numbers (number)": "range(",
    "select epoch(a) from runs": "epoch(",
    "select strftime(runs.a, '%Y')": "strftime(runs.a,",
    "select a, count(*) from runs group by all": "group by all",
    "select 1 as a union all by name select 2 as a": "union all by name",
    "select distinct on (a) b from runs": "distinct on",
    "from runs asof join events using (org_id)": "asof",
    "select * from read_parquet('a.parquet')": "read_parquet",
    "select table_name from duckdb_tables()": "duckdb_tables()",
    "from (values (1), (2)) as orgs (changes)": "from (values (",
    "select [1, 2] as costs": "[",
    "select costs[1] from runs": "[",
    "select {'station': 'qa'} as a": "{",
    "select {{ a }} as b, {'id': 'it[s]'} as c": "{",
}
YAML = {
    "data_type: varchar": "varchar",
    "data_type: struct(a date)[]": "struct(",
    "data_type: 'date[]'": "date[]",
    "expr: a / 1000.0": "/ 1000.0",
    "rows: |\n    {% raw %}{{ fixture([1]) }}{% endraw %}\n    select * replace (a)": "* replace",
    "rows: |\n    select 1 as a,\n    {'id': 7} as b": "{",
    "rows: |\n    select 1\n    from (\n    values (1), (2)\n    ) as b": "values (",
}
ACCEPTED = {
    "a.sql": (
        "-- a::text, [1]\nselect a, '[{' as b, cast(c as date) -- len(e)\nfrom {{ list_items('a', ['b']) }}\n"
        "where {{ row_key(['a', 'b']) }} in (select {{ row_key(['a', 'b']) }} from c)\n"
        "{% set ranges = {'a': [1]} %}\n{% for b, c in items.values() %}{% endfor %}"
    ),
    "a.yml": (
        "description: an interval -> [1]\nlabel: values (\ncolumns: [{data_type: 'array<struct<a date>>'}]\n"
        "rows: [{day: [1, 2], item: {a: 1}}]\nunit: |\n    {% raw %}{{ rows({'a': [1]}) }}{% endraw %}\n"
    ),
}


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        *(("models/a.sql", text, found) for text, found in SQL.items()),
        *(("models/a.yml", text, found) for text, found in YAML.items()),
    ],
)
def test_what_only_duckdb_understands_is_refused_with_its_line(path: str, text: str, found: str) -> None:
    [line] = [number for number, line in enumerate(text.splitlines(), 1) if found in line]
    faults = list(check_dialect.faults(Path(path), text))
    expected = f"{path}:{line}: {found!r} is DuckDB's own SQL: write "
    assert any(fault.startswith(expected) for fault in faults), faults


def test_each_pattern_has_an_example() -> None:
    lines = [line for text in (*SQL, *YAML) for line in text.splitlines()]
    for pattern in (*check_dialect.DUCKDB_ONLY, *check_dialect.LITERALS):
        assert any(re.search(pattern, line) for line in lines), pattern


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_all_engines_understand_is_accepted(name: str) -> None:
    assert list(check_dialect.faults(Path(name), ACCEPTED[name])) == []
