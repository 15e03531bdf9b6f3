"""Answer questions to the semantic layer in a process of its own, as dbt and MetricFlow keep global state.

Reads a JSON list of questions, see answer(), from stdin; writes a JSON list of their answers, each a list of
rows, which map columns to values. The environment variables of `mf` say where things are.
"""

import json
import sys
from datetime import datetime
from typing import Any

from dbt_metricflow.cli.cli_configuration import CLIConfiguration
from metricflow.engine.metricflow_engine import MetricFlowQueryRequest


def main() -> None:
    """Answer all questions with one engine, whose start takes seconds."""
    configuration = CLIConfiguration()
    configuration.setup(configure_file_logging=False)
    json.dump([answer(configuration, question) for question in json.load(sys.stdin)], sys.stdout, default=str)


def answer(configuration: CLIConfiguration, question: dict[str, Any]) -> list[dict[str, object]]:
    """Ask for `metrics` or a `saved_query`, by `group_by`, over the days from `start` to `end`."""
    request = MetricFlowQueryRequest.create(
        saved_query_name=question.get("saved_query"),
        metric_names=question.get("metrics"),
        group_by_names=question.get("group_by"),
        time_constraint_start=datetime.fromisoformat(question["start"]),
        time_constraint_end=datetime.fromisoformat(question["end"]),
    )
    table = configuration.mf.query(request).result_df
    assert table is not None
    return [dict(zip(table.column_names, row, strict=True)) for row in table.rows]


if __name__ == "__main__":
    main()
