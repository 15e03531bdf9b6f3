"""Refuse DuckDB's own SQL in models, macros, tests and analyses, and in their YAML.

    .venv/bin/python scripts/dev/check_dialect.py

An engine's own folder in macros/engine is free. It looks at lines, not at meanings.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml
from jinja2 import Environment

import _path  # noqa: F401
from factory_metrics.project import ROOT

FOLDERS = ("models", "macros", "tests/dbt", "analyses")
# Its folders are what single engines do their own way.
ENGINE = Path("macros/engine")
_NESTED, _NUMBERS, _TEXT, _TIME = (
    f"a macro of macros/engine/{name}.sql" for name in ("nested", "numbers", "text", "time")
)
_CAST = f"cast(... as ...), or {_TEXT} where that may fail"
# What DuckDB alone understands, or understands in its own way, and what to write instead.
DUCKDB_ONLY = {
    "::": _CAST,
    "try_cast": _CAST,
    r"\bvarchar\b": "string in YAML, dbt.type_string() in SQL",
    r"\bdouble precision\b": "double",
    r"\b(hugeint|u?tinyint|usmallint|uinteger|ubigint)\b": "bigint or decimal",
    r"\w+\[\]|\bstruct\(": "array<...> and struct<...>",
    r"\b(unnest|generate_subscripts|len)\b *\(": _NESTED,
    r"\b(list_(aggregate|contains|distinct|filter|sort|sum|transform|value)|struct_\w+|array_\w+)\(": _NESTED,
    r"\blambda\b": _NESTED,
    r"\([a-z_.]+, [a-z_.]+\) (not )?in \(": "row_key()",
    r"select \([a-z_]+, [a-z_]+\) from": "row_key()",
    r"dbt\.date(diff|add)": _TIME,
    r"\b(epoch_|epoch\(|date_diff|date_add|date_sub)": _TIME,
    r"\bstr[fp]time\([\w.]+,": _TIME,
    r"\binterval\b": _TIME,
    r"as date\) [+-]": _TIME,
    "regexp_": _TEXT,
    "json_extract|->": "a macro of macros/engine/json.sql",
    "any_value": "min() or max()",
    "ignore nulls": "latest_value()",
    r"\barg_m(in|ax)": "row_number()",
    "quantile": _NUMBERS,
    r"/ \d+\.\d": "cast(... as double) / a whole number, for decimals are divided in many ways",
    r"\* *(exclude|replace)\b": "the names of the columns, or landed_rows() in a fixture",
    r"\brange\(": "dbt.generate_series()",
    r"\b(group|order) by all\b": "the names of the columns",
    r"\bunion( all)? by name\b|\bcolumns\(": "the names of the columns",
    r"\bdistinct on\b": "row_number()",
    r"\basof\b": "a join, and row_number()",
    r"\bread_(csv|json|parquet|text)": "a macro of macros/engine/read_log.sql",
    r"\bduckdb_\w+\(\)": "a macro of macros/engine/tables.sql",
    r"(^|from|\() *\(?values *\(": "select ... union all select ...",
}
# The same in what is left without Jinja and literals of text.
LITERALS = {r"\[": _NESTED, r"\{": _NESTED}
_PROSE = ("description", "label")


def faults(path: Path, text: str) -> Iterator[str]:
    """Tell what in a file is DuckDB's own."""
    parts = _yaml_values(yaml.compose(text)) if path.suffix == ".yml" else [(1, text, True)]
    for start, part, is_sql in parts:
        lines = list(enumerate(part.splitlines(), start))
        for number, line in lines:
            yield from _matches(DUCKDB_ONLY, path, number, line)
        if is_sql:
            for number, line in _without_jinja(part, start):
                yield from _matches(LITERALS, path, number, re.sub("'[^']*'|\"[^\"]*\"", "''", line))


def _matches(patterns: dict[str, str], path: Path, number: int, line: str) -> Iterator[str]:
    line = re.sub("--.*", "", line)
    for pattern, instead in patterns.items():
        if found := re.search(pattern, line):
            yield f"{path}:{number}: {found[0].strip()!r} is DuckDB's own SQL: write {instead}"


def _without_jinja(sql: str, start: int) -> Iterator[tuple[int, str]]:
    """Yield the lines of SQL around Jinja; a fixture's Jinja is `raw` to YAML."""
    sql = re.sub(r"\{% (end)?raw %\}", "", sql)
    for number, kind, value in Environment(autoescape=True).lex(sql):
        if kind == "data":
            yield from enumerate(value.splitlines(), number + start - 1)


def _yaml_values(node: yaml.Node | None) -> Iterator[tuple[int, str, bool]]:
    """Yield a YAML file's values except prose: line, text, and whether it is SQL of several lines."""
    match node:
        case yaml.MappingNode():
            for key, value in node.value:
                if key.value not in _PROSE:
                    yield from _yaml_values(value)
        case yaml.SequenceNode():
            for value in node.value:
                yield from _yaml_values(value)
        case yaml.ScalarNode():
            is_block = node.style == "|"
            yield node.start_mark.line + 1 + is_block, node.value, is_block


def main() -> None:
    """Look at all files of the dbt project; fail if any has a fault."""
    files = (
        file for folder in FOLDERS for kind in ("sql", "yml") for file in (ROOT / folder).rglob(f"*.{kind}")
    )
    paths = sorted(file.relative_to(ROOT) for file in files)
    found = {
        fault: None
        for path in paths
        if path.parent.parent != ENGINE
        for fault in faults(path, (ROOT / path).read_text("utf-8"))
    }
    sys.exit("\n".join(found) or None)


if __name__ == "__main__":
    main()
