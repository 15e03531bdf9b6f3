"""The description is in step with the types, and the server with the description."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from api_client import serving
from document_examples import EXAMPLES
from example_warehouse import make_warehouse
from jsonschema import Draft202012Validator

import write_openapi
from factory_metrics.api.errors import STATUSES
from factory_metrics.api.openapi import METRICS_PATH, description
from factory_metrics.documents.contract import METRIC_TYPES

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


# How descriptions name the units.
UNITS = {
    "USD": "USD",
    "ms": "milliseconds",
    "%": "0 to 100 percent",
    "1": "0 to 1",
    "%/USD": "percent per USD",
}
UNITS |= {"count": "", "1/day": "per day"}


def fields() -> list[tuple[str, dict[str, Any]]]:
    schemas = DESCRIPTION["components"]["schemas"].items()
    return [(f"{shape}.{name}", of) for shape, schema in schemas for name, of in schema["properties"].items()]


@pytest.mark.parametrize(("name", "schema"), [pytest.param(*field, id=field[0]) for field in fields()])
def test_every_field_says_what_it_is(name: str, schema: dict[str, Any]) -> None:
    assert schema["description"].endswith(".")
    (example,) = schema["examples"]
    validator = Draft202012Validator(schema | {"components": DESCRIPTION["components"]})
    validator.validate(example)
    kind = schema.get("items", schema).get("type")
    if kind in {"integer", "number"} and name != "ErrorDetail.status":
        unit = schema["x-unit"]
        assert UNITS[unit] in schema["description"]
        assert (unit == "ms") == name.endswith("Ms")
        assert schema.get("maximum") == {"%": 100, "1": 1}.get(unit)


def test_names_are_those_of_the_json() -> None:
    schemas = DESCRIPTION["components"]["schemas"]
    texts = [
        of["description"] for schema in schemas.values() for of in [schema, *schema["properties"].values()]
    ]
    known = {name.partition(".")[2] for name, _ in fields()} | set(METRIC_TYPES)
    for text in texts:
        assert set(re.findall(r"`(\w+)`", text)) <= known, text
        assert not re.search(r"[a-z]_[a-z]", text), text


def test_it_names_a_server() -> None:
    assert [server["url"] for server in DESCRIPTION["servers"]] == ["/"]


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
