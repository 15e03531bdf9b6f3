"""The contract has the documented shapes: names, order and types, and takes nothing else."""

import msgspec
import pytest
from document_examples import EXAMPLES

from factory_metrics.documents.contract import METRIC_TYPES


def test_every_metric_type_has_an_example() -> None:
    assert list(METRIC_TYPES) == list(EXAMPLES)


@pytest.mark.parametrize("metric_type", METRIC_TYPES)
def test_examples_survive_unchanged(metric_type: str) -> None:
    document = msgspec.json.decode(EXAMPLES[metric_type], type=METRIC_TYPES[metric_type])
    assert msgspec.json.encode(document).decode() == EXAMPLES[metric_type]


def test_what_the_log_lacks_is_null() -> None:
    incident = (
        '{"id":"i","title":null,"severity":null,"status":"resolved","openedAt":null,'
        '"resolvedAt":"2026-06-02T14:00:00Z","deploymentId":null}'
    )
    deployment = (
        '{"id":"d","version":null,"environment":null,"status":null,"deployedAt":"2026-06-02T14:15:00Z",'
        '"deployedBy":null,"isRollback":true}'
    )
    pipeline = (
        '{"name":null,"status":null,"duration":"n/a","trigger":null,"branch":null,"commit":null,'
        '"startedAt":"2026-06-02T14:00:00Z"}'
    )
    infra = EXAMPLES["devops"].partition('"pipelines"')[0]
    text = f'{infra}"pipelines":[{pipeline}],"deployments":[{deployment}],"incidents":[{incident}]}}}}'
    document = msgspec.json.decode(text, type=METRIC_TYPES["devops"])
    assert msgspec.json.encode(document).decode() == text


@pytest.mark.parametrize(
    ("metric_type", "right", "wrong"),
    [
        pytest.param("aggregate", '"totalIssues":47', '"totalIssues":47.5', id="fraction of an issue"),
        pytest.param("aggregate", '"totalIssues":47', '"totalIssues":"47"', id="number as text"),
        pytest.param("aggregate", '"totalIssues":47', '"totalIssues":null', id="null"),
        pytest.param("aggregate", '"totalIssues":47,', "", id="missing field"),
        pytest.param("aggregate", '"avgYield":92.1', '"avgYield":100.1', id="percentage above 100"),
        pytest.param("handoff", '"acceptanceRate":0.92', '"acceptanceRate":92.0', id="percentage as rate"),
        pytest.param("station", '"station":"qa"', '"station":"QA"', id="unknown station"),
        pytest.param("station", '"metrics":[', '"metrics":[],"stations":[', id="not six stations"),
        pytest.param("cost", '"date":"2026-05-03"', '"date":"2026-02-30"', id="no date"),
        pytest.param("devops", '"isRollback":false', '"isRollback":0', id="number as boolean"),
        pytest.param("devops", '"duration":"12m"', '"duration":null', id="null duration"),
    ],
)
def test_anything_else_is_refused(metric_type: str, right: str, wrong: str) -> None:
    assert right in EXAMPLES[metric_type]
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(EXAMPLES[metric_type].replace(right, wrong), type=METRIC_TYPES[metric_type])
