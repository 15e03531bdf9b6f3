"""The description is in step with the types, and the server with the description."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from api_client import serving
from test_contract import EXAMPLES
from test_serialize import make_warehouse

import write_openapi
from factory_metrics.api.errors import STATUSES
from factory_metrics.api.openapi import METRICS_PATH, description
from factory_metrics.contract import METRIC_TYPES

DESCRIPTION = description()
DOCUMENTED = {"INVALID_METRIC_TYPE": 400, "INVALID_TIME_RANGE": 400, "UNAUTHORIZED": 401, "FORBIDDEN": 403}
DOCUMENTED |= {"DATABASE_ERROR": 500, "RATE_LIMITED": 429}


def test_the_file_is_in_step() -> None:
    assert write_openapi.FILE.read_text("utf-8") == write_openapi.text(), "run scripts/dev/write_openapi.py"


def test_documented_errors_have_their_status() -> None:
    assert STATUSES | DOCUMENTED == STATUSES


@pytest.mark.parametrize("metric_type", METRIC_TYPES)
def test_fields_are_those_of_the_documents(metric_type: str) -> None:
    schemas = DESCRIPTION["components"]["schemas"]
    metrics = schemas[METRIC_TYPES[metric_type].__name__]["properties"]["metrics"]
    shape = schemas[metrics.get("items", metrics)["$ref"].rpartition("/")[2]]
    example = json.loads(EXAMPLES[metric_type])["metrics"]
    row = example[0] if isinstance(example, list) else example
    assert list(shape["properties"]) == shape["required"] == list(row)


def test_parameters_have_the_documented_defaults() -> None:
    parameters = {of["name"]: of["schema"] for of in DESCRIPTION["paths"][METRICS_PATH]["get"]["parameters"]}
    assert parameters["metricType"] == {"type": "string", "enum": list(METRIC_TYPES), "default": "aggregate"}
    assert parameters["timeRange"] == {"type": "string", "enum": ["7d", "30d", "90d"], "default": "30d"}


def test_schemathesis(tmp_path: Path) -> None:
    warehouse = make_warehouse(tmp_path / "factory.duckdb", ["acme"])
    limits = {"failures_per_minute": "1000000", "failures_burst": "1000000"}
    with serving(tmp_path / "api", warehouse, **limits) as api:
        served = api.get(None, path="/openapi.json")
        assert served.json() == DESCRIPTION
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"{api.url}/openapi.json",
            "--header",
            f"Authorization: Bearer {api.key()}",
            "--max-examples=60",
            "--seed=1",
            "--no-color",
            "--generation-database=none",
        ]
        result = subprocess.run(
            command, cwd=tmp_path, env=os.environ, check=False, capture_output=True, text=True, timeout=120
        )
        assert result.returncode == 0, result.stdout + result.stderr
        assert api.metric("request_seconds_count") > 100
        assert api.get(api.key()).status_code == 200
