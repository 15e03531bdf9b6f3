"""Clients that are generated from openapi.json, in Python and TypeScript, tell the documents apart."""

import importlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_client import serving
from conftest import without
from document_examples import EXAMPLES
from example_warehouse import make_warehouse
from jsonschema import Draft202012Validator

import write_openapi
from factory_metrics.api.openapi import METRICS_PATH, description
from factory_metrics.documents.contract import METRIC_TYPES

# An org without runs has this document, which fits no other type.
NO_PROVIDERS = '{"metrics":[]}'
DOCUMENTS = [*EXAMPLES.items(), ("provider", NO_PROVIDERS)]
NAMES = {metric_type: shape.__name__ for metric_type, shape in METRIC_TYPES.items()}
NODE = Path(__file__).with_name("clients")


def schema_of(metric_type: str) -> dict[str, Any]:
    """Return the schema of a document, with all that it refers to."""
    reference = f"#/components/schemas/{NAMES[metric_type]}"
    return {"$ref": reference, "components": description()["components"]}


@pytest.mark.parametrize(("metric_type", "document"), DOCUMENTS)
def test_a_document_fits_its_own_schema_only(metric_type: str, document: str) -> None:
    for other in METRIC_TYPES:
        fits = Draft202012Validator(schema_of(other)).is_valid(json.loads(document))
        assert fits == (other == metric_type), other


def test_examples_fit_their_schemas() -> None:
    answer = description()["paths"][METRICS_PATH]["get"]["responses"]["200"]["content"]["application/json"]
    assert list(answer["examples"]) == list(METRIC_TYPES)
    for metric_type, example in answer["examples"].items():
        Draft202012Validator(schema_of(metric_type)).validate(example["value"])


def run(*command: str | Path, folder: Path) -> None:
    result = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Generate the Python client and make it importable; its package's name is the result."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "config.yaml").write_text("post_hooks: []\n")
    generate = (Path(sys.executable).with_name("openapi-python-client"), "generate", "--fail-on-warning")
    options = ("--config", "config.yaml", "--meta", "none", "--output-path", "generated_client")
    run(*generate, *options, "--path", write_openapi.FILE, folder=folder)
    sys.path.insert(0, str(folder))
    yield "generated_client"
    sys.path.remove(str(folder))


def test_the_python_client_tells_documents_apart(client: str, tmp_path: Path) -> None:
    get_metrics = importlib.import_module(f"{client}.api.default.get_metrics")
    models = importlib.import_module(f"{client}.models")
    make = importlib.import_module(client).AuthenticatedClient
    warehouse = make_warehouse(tmp_path / "factory.duckdb", ["acme"])
    with serving(tmp_path / "api", warehouse) as api:
        for org, documents in (("acme", EXAMPLES), ("new", {"provider": NO_PROVIDERS})):
            with make(base_url=api.url, token=api.key(org)) as connection:
                for metric_type, document in documents.items():
                    asked = models.GetMetricsMetricType(metric_type)
                    answer = get_metrics.sync(client=connection, metric_type=asked)
                    assert type(answer).__name__ == NAMES[metric_type]
                    assert answer.to_dict() == json.loads(document)
        with make(base_url=api.url, token=api.key() + "0") as connection:
            answer = get_metrics.sync(client=connection)
            assert (type(answer).__name__, answer.error.code.value) == ("ErrorDocument", "UNAUTHORIZED")


def test_typescript_tells_documents_apart(tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        without("npm")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(NODE / name, tmp_path)
    run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", folder=tmp_path)
    programs = tmp_path / "node_modules" / ".bin"
    options = ("--array-length", "--output", "api.d.ts")
    run(programs / "openapi-typescript", write_openapi.FILE, *options, folder=tmp_path)
    lines = [
        'import type { components, paths } from "./api"',
        'type Schemas = components["schemas"]',
        f'type Get = paths["{METRICS_PATH}"]["get"]',
        'type Answer = Get["responses"]["200"]["content"]["application/json"]',
    ]
    for number, (metric_type, document) in enumerate(DOCUMENTS):
        lines.append(f"const answer{number}: Answer = {document}")
        for other, schema in NAMES.items():
            if other != metric_type:
                lines.append("// @ts-expect-error")
            lines.append(f'const {other}{number}: Schemas["{schema}"] = {document}')
    (tmp_path / "documents.ts").write_text("\n".join(lines) + "\nexport {}\n")
    run(programs / "tsc", "--noEmit", "--strict", "documents.ts", folder=tmp_path)
