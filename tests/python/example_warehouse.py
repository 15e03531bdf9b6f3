"""A warehouse that has the marts only: every org has the documented examples."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
from document_examples import EXAMPLES

from factory_metrics.documents.marts import ddl
from factory_metrics.documents.output import Selection
from factory_metrics.project import time_ranges

MARTS = Selection().marts(time_ranges())
AS_OF = "2026-06-30 12:00:00"
# The orgs of the usual warehouse; the last one has no runs, so no providers.
ORGS = ("acme", "a/b", "..", "new")


def as_columns(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return a document's value as a mart has it: names in snake_case."""
    if isinstance(value, dict):
        return {
            re.sub("[A-Z]", lambda c: f"_{c[0].lower()}", name): as_columns(of) for name, of in value.items()
        }
    return [as_columns(item) for item in value] if isinstance(value, list) else value


def rows_of(metric_type: str) -> list[dict[str, Any]]:
    """Return the rows of a mart that become the example of a metric type."""
    metrics = as_columns(json.loads(EXAMPLES[metric_type])["metrics"])
    rows = metrics if isinstance(metrics, list) else [metrics]
    return [
        {f"{metric_type}_position": number}
        | {name: of for name, of in row.items() if not isinstance(of, dict)}
        | {name: of for inner in row.values() if isinstance(inner, dict) for name, of in inner.items()}
        for number, row in enumerate(rows, start=1)
    ]


def make_warehouse(file: Path, orgs: Sequence[str] = ORGS, as_of: str = AS_OF) -> Path:
    """Make a warehouse in which every org has the documented examples."""
    with duckdb.connect(str(file)) as warehouse:
        for mart in MARTS:
            columns = mart.columns()
            declared = ", ".join(f'"{name}" {ddl(of)}' for name, of in columns.items())
            # Marts have more columns than documents.
            warehouse.execute(f'CREATE OR REPLACE TABLE "{mart.name}" ({declared}, window_start TIMESTAMP)')
            for org in orgs:
                for row in (
                    rows_of(mart.metric_type) if (mart.metric_type, org) != ("provider", "new") else []
                ):
                    values = [({"org_id": org, "as_of": as_of} | row)[name] for name in columns]
                    warehouse.execute(
                        f"INSERT INTO \"{mart.name}\" VALUES ({'?, ' * len(values)} TIMESTAMP '2026-06-01')",
                        values,
                    )
    return file
