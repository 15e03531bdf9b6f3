"""Compare the documents with an independent computation, over hundreds of random hostile factories.

Each set of factories has its own as-of and its own way to land the logs. Set FACTORY_TEST_SEED for others.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
import real_settings
from conftest import BI, SEMANTIC, Warehouse
from hostile.columns import Row
from hostile.factories import STRANGE_ORGS, random_factory
from hostile.files import Landed, write_logs
from hostile.typed import append_to_tables
from reference import Expected, compute
from reference_factory import TIME_RANGES
from reference_rows import DAY, as_instant
from reference_settings import settings

ORGS_PER_SET = 150
# The data tests run on all these rows; the unit tests do not depend on them.


@dataclass(frozen=True)
class Factories:
    """A set of random factories: their delivered rows, and what the reference makes of them."""

    seed: int
    variables: dict[str, object]
    events: list[Row]
    runs: list[Row]
    expected: Expected


@dataclass(frozen=True)
class Result:
    """What the project makes of a set of factories."""

    factories: Factories
    warehouse: Warehouse
    documents: Path
    landed: Landed | None = None
    documents_again: Path | None = None


def random_factories(folder: Path, seed: int, as_of: str, runs_from: str, *, goes_on: int = 0) -> Factories:
    """Return factories whose logs are as real ones, and settings for them.

    The logs go on for so many days after the as-of: what is known then of sessions must not be known before.
    """
    rng = random.Random(f"{seed} {as_of}")
    instant = as_instant(as_of)
    assert instant is not None
    events: list[Row] = []
    runs: list[Row] = []
    for org in (*STRANGE_ORGS, *(f"org-{number:03}" for number in range(ORGS_PER_SET - len(STRANGE_ORGS)))):
        org_events, org_runs = random_factory(rng, org, instant + goes_on * DAY)
        events += org_events
        runs += org_runs
    folder.mkdir()
    own = real_settings.random_settings(rng, folder / "seeds") | {"runs_from": runs_from}
    events = real_settings.certain_contents(seed, events, "occurred_at", own["default_org"])
    runs = real_settings.certain_contents(seed, runs, "recorded_at", own["default_org"])
    rng.shuffle(events)
    rng.shuffle(runs)
    variables = own | {"as_of": as_of, "max_rejected_share": 1}
    return Factories(seed, variables, events, runs, compute(events, runs, instant, settings(own)))


def built_twice(folder: Path, seed: int) -> Result:
    """Land files, build, serialize; then build and serialize again."""
    factories = random_factories(folder, seed, "2026-06-30T17:45:12.345678Z", "both")
    warehouse = Warehouse(folder)
    landed = write_logs(folder / "raw", factories.events, factories.runs, random.Random(seed))
    variables = json.dumps(factories.variables | {"raw_path": str(folder / "raw")})
    warehouse.build(variables)
    documents = warehouse.serialize()
    warehouse.build(variables)
    return Result(factories, warehouse, documents, landed, warehouse.serialize("documents_again"))


def built_in_batches(folder: Path, seed: int) -> Result:
    """Land a random half and build; land the rest and build on, at midnight, with other settings."""
    factories = random_factories(folder, seed, "2026-03-01T00:00:00Z", "both", goes_on=2)
    warehouse = Warehouse(folder)
    rng = random.Random(seed)
    first = [rng.random() < 0.5 for _ in range(len(factories.events) + len(factories.runs))]
    events, runs = first[: len(factories.events)], first[len(factories.events) :]
    # The as-of is not quoted, so YAML reads it as a timestamp.
    places = f"raw_path: '{folder / 'raw'}', as_of: {factories.variables['as_of']}, max_rejected_share: 1"
    others = real_settings.random_settings(rng, folder / "other seeds")
    for name, batch, own in (("first", True, others), ("second", False, factories.variables)):
        write_logs(
            folder / "raw",
            [row for row, is_first in zip(factories.events, events, strict=True) if is_first is batch],
            [row for row, is_first in zip(factories.runs, runs, strict=True) if is_first is batch],
            rng,
            prefix=name,
        )
        chosen = {key: own[key] for key in ("seeds_path", "default_org", "runs_from")}
        warehouse.build(f"{{{places}, {json.dumps(chosen)[1:]}")
    return Result(factories, warehouse, warehouse.serialize())


def built_from_files(folder: Path, seed: int) -> Result:
    """Land files and build, with an as-of of another offset and another date there.

    dbt's tests show that the rows of drill-down views add up to the numbers.
    """
    factories = random_factories(folder, seed, "2024-03-02T23:30:00.5-05:00", "factory_events", goes_on=3)
    warehouse = Warehouse(folder)
    landed = write_logs(folder / "raw", factories.events, factories.runs, random.Random(seed))
    warehouse.build(
        json.dumps(factories.variables | {"raw_path": str(folder / "raw")}), without=(BI, SEMANTIC)
    )
    return Result(factories, warehouse, warehouse.serialize(), landed)


def built_from_tables(folder: Path, seed: int) -> Result:
    """Land the same rows as tables of another database and build."""
    factories = random_factories(folder, seed, "2024-03-02T23:30:00.5-05:00", "factory_metrics")
    warehouse = Warehouse(folder)
    append_to_tables(folder / "landed.duckdb", "landing", factories.events, factories.runs)
    place = {"raw_database": str(folder / "landed.duckdb"), "raw_schema": "landing"}
    warehouse.build(json.dumps(factories.variables | place))
    return Result(factories, warehouse, warehouse.serialize())


SCENARIOS: dict[str, Callable[[Path, int], Result]] = {
    "twice": built_twice,
    "batches": built_in_batches,
    "files": built_from_files,
    "tables": built_from_tables,
}


@pytest.fixture(scope="module")
def results(
    pool: ThreadPoolExecutor,
    seed: int,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[dict[str, Future[Result]]]:
    """Start the builds that the selected tests need; wait for one with result()."""
    folder = tmp_path_factory.mktemp("documents")
    futures = {
        name: pool.submit(build, folder / name, seed)
        for name, build in SCENARIOS.items()
        if any(f"[{name}]" in item.nodeid for item in request.session.items)
    }
    yield futures
    for future in futures.values():
        future.cancel()


def org_folder(org: str) -> str:
    return {".": "%2E", "..": "%2E%2E"}.get(org, quote(org, safe=""))


def difference(expected: object, found: object, where: str = "") -> str | None:
    """Return where two JSON values differ first, also in a number's type or the order of keys."""
    if isinstance(expected, dict) and isinstance(found, dict):
        if list(expected) != list(found):
            return f"{where}: expected the keys {list(expected)}, found {list(found)}"
        pairs = [(f"{where}.{key}", expected[key], found[key]) for key in expected]
    elif isinstance(expected, list) and isinstance(found, list):
        pairs = [(f"{where}[{i}]", *pair) for i, pair in enumerate(zip(expected, found, strict=False))]
        pairs.append((f"{where}.length", len(expected), len(found)))
    elif type(expected) is type(found) and expected == found:
        return None
    else:
        return f"{where}: expected {expected!r}, found {found!r}"
    return next((text for pair in pairs if (text := difference(pair[1], pair[2], pair[0]))), None)


def dump_org(result: Result, org: str) -> Path:
    """Write one org's delivered rows to a file for a closer look."""
    path = result.warehouse.folder / f"rows_of_{org_folder(org)}.json"
    rows = {
        "events": [row for row in result.factories.events if row.get("org_id") == org],
        "runs": [row for row in result.factories.runs if row.get("org_id") == org],
    }
    path.write_text(json.dumps(rows, indent=1, ensure_ascii=False), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", SCENARIOS)
def test_documents_are_those_of_the_reference(name: str, results: dict[str, Future[Result]]) -> None:
    result = results[name].result()
    expected = result.factories.expected.documents
    seed = f"FACTORY_TEST_SEED={result.factories.seed}"
    found_orgs = {path.name for path in result.documents.iterdir() if path.is_dir()}
    assert found_orgs == {org_folder(org) for org in expected}, seed

    problems = []
    for org, documents in expected.items():
        texts = []
        for (metric_type, days), document in documents.items():
            path = result.documents / org_folder(org) / metric_type / f"{days}d.json"
            found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
            if text := difference(document, found):
                texts.append(f"org {org!r}, {metric_type} {days}d, {text}")
        if texts:
            problems.append((f"{len(texts)} documents, the rows are in {dump_org(result, org)}", texts[:3]))
    summary = "\n".join("\n  ".join([head, *texts]) for head, texts in problems[:10])
    assert not problems, f"{seed}: {len(problems)} of {len(expected)} orgs differ\n{summary}"


@pytest.mark.parametrize("name", SCENARIOS)
def test_runs_say_where_their_costs_are_from(name: str, results: dict[str, Future[Result]]) -> None:
    result = results[name].result()
    expected = result.factories.expected.cost_sources
    kinds = ("reported", "computed", "unknown")
    found = {
        (org, days): counts
        for days in TIME_RANGES
        for org, *counts in result.warehouse.rows(
            f"select org_id, {', '.join(f'{kind}_cost_runs' for kind in kinds)} from aggregate_{days}d"
        )
    }
    assert found == {
        key: [sum(n for (_, source), n in of.items() if source == kind) for kind in kinds]
        for key, of in expected.items()
    }
    assert all(map(sum, zip(*found.values(), strict=True))), "a kind that no run has is not tested"


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_org_has_its_21_documents_and_nothing_else(
    name: str, results: dict[str, Future[Result]]
) -> None:
    result = results[name].result()
    for org, documents in result.factories.expected.documents.items():
        folder = result.documents / org_folder(org)
        found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        assert found == {f"{metric_type}/{days}d.json" for metric_type, days in documents}


@pytest.mark.parametrize("name", ["twice", "files"])
def test_every_delivery_is_accounted_for(name: str, results: dict[str, Future[Result]]) -> None:
    result = results[name].result()
    assert result.landed is not None
    expected = Counter(result.factories.expected.counts)
    for log, lines in result.landed.unreadable.items():
        expected[log, "rejected", "unreadable"] += len(lines)
    counted = result.warehouse.rows(
        "select log, outcome, rule, sum(row_count)::integer from delivery_counts "
        "group by all having sum(row_count) > 0"
    )
    assert {(log, outcome, rule): count for log, outcome, rule, count in counted} == +expected

    kept = result.warehouse.rows("select log, rule, count(*) from rejected_records group by all")
    no_runs = {("runs_from_events", rule): count for rule, count in result.factories.expected.no_runs.items()}
    assert {(log, rule): count for log, rule, count in kept} == no_runs | {
        (log, rule): count
        for (log, outcome, rule), count in expected.items()
        if outcome == "rejected" and count
    }


@pytest.mark.parametrize("name", ["twice", "files"])
def test_unreadable_lines_are_kept_as_they_were(name: str, results: dict[str, Future[Result]]) -> None:
    result = results[name].result()
    assert result.landed is not None
    for log, lines in result.landed.unreadable.items():
        kept = result.warehouse.rows(
            f"select record, origin from rejected_records where log = '{log}' and rule = 'unreadable'"
        )
        assert Counter(str(record).rstrip("\r\n") for record, _ in kept) == Counter(lines)
        files = [path.name for path in (result.warehouse.folder / "raw" / log).iterdir()]
        assert all(any(file in str(origin) for file in files) for _, origin in kept)


@pytest.mark.parametrize("name", ["twice"])
def test_a_second_build_gives_the_same_bytes(name: str, results: dict[str, Future[Result]]) -> None:
    result = results[name].result()
    assert result.documents_again is not None

    def contents(folder: Path) -> dict[Path, bytes]:
        return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    assert contents(result.documents) == contents(result.documents_again)
