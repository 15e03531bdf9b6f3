"""Marts become files: the right bytes in the right place, safely, and clear errors when they cannot."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pytest
from document_examples import EXAMPLES
from example_warehouse import MARTS, ORGS, make_warehouse
from hypothesis import given
from hypothesis import strategies as st

import serialize_marts
from factory_metrics.documents import known_documents, marts, output
from factory_metrics.documents.contract import METRIC_TYPES
from factory_metrics.documents.known_documents import default_file
from factory_metrics.documents.marts import Mart
from factory_metrics.documents.output import Selection, folder_name
from factory_metrics.documents.warehouse import open_warehouse
from factory_metrics.project import ROOT, UserError, time_ranges

FOLDERS = ("acme", "a%2Fb", "%2E%2E", "new")


@pytest.fixture
def own_warehouse(warehouse: Path, tmp_path: Path) -> Path:
    """Return a warehouse that the test may change."""
    return Path(shutil.copy(warehouse, tmp_path / "factory.duckdb"))


def change(warehouse: Path, *statements: str) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        for statement in statements:
            connection.execute(statement)


def serialize(warehouse: Path, out: Path, *options: str) -> int:
    return serialize_marts.main(["--warehouse", str(warehouse), "--out", str(out), *options])


def contents(out: Path) -> dict[str, bytes]:
    """Return all files in a folder but the manifest."""
    files = {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    files.pop("manifest.json", None)
    return files


def manifest(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "manifest.json").read_bytes())
    return found


def checksums(out: Path) -> dict[str, str]:
    return {path: sha256(content).hexdigest() for path, content in contents(out).items()}


# What is written


def test_documents_are_the_documented_bytes(warehouse: Path, tmp_path: Path) -> None:
    assert serialize(warehouse, tmp_path / "out") == 0
    expected = {
        f"{folder}/{mart.metric_type}/{mart.time_range}.json": EXAMPLES[mart.metric_type].encode()
        for folder in FOLDERS
        for mart in MARTS
    }
    without_runs = {f"new/provider/{time_range}.json": b'{"metrics":[]}' for time_range in time_ranges()}
    assert contents(tmp_path / "out") == expected | without_runs


def test_manifest_lists_every_file(warehouse: Path, tmp_path: Path) -> None:
    serialize(warehouse, tmp_path)
    found = manifest(tmp_path)
    assert list(found) == ["asOf", "selection", "orgs", "documents", "files"]
    assert found["asOf"] == "2026-06-30T12:00:00Z"
    assert found["selection"] is None
    assert (found["orgs"], found["documents"]) == (4, 84)
    assert found["files"] == checksums(tmp_path)


def test_as_of_has_its_full_precision(tmp_path: Path) -> None:
    warehouse = make_warehouse(tmp_path / "factory.duckdb", ["acme"], "2026-06-30 12:00:00.123456")
    serialize(warehouse, tmp_path / "out")
    assert manifest(tmp_path / "out")["asOf"] == "2026-06-30T12:00:00.123456Z"


def test_order_of_rows_does_not_matter(warehouse: Path, tmp_path: Path) -> None:
    turned = make_warehouse(tmp_path / "factory.duckdb", ORGS[::-1])
    change(turned, *(f"CREATE OR REPLACE TABLE {m.name} AS FROM {m.name} ORDER BY random()" for m in MARTS))
    serialize(warehouse, tmp_path / "one")
    serialize(turned, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert (tmp_path / "one/manifest.json").read_bytes() == (tmp_path / "two/manifest.json").read_bytes()


def test_pages_of_orgs_make_no_difference(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serialize(warehouse, tmp_path / "one")
    monkeypatch.setattr(output, "_PAGE_ORGS", 1)
    serialize(warehouse, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert (tmp_path / "one/manifest.json").read_bytes() == (tmp_path / "two/manifest.json").read_bytes()


def test_warehouse_without_orgs(tmp_path: Path) -> None:
    warehouse = make_warehouse(tmp_path / "factory.duckdb", [])
    assert serialize(warehouse, tmp_path / "out") == 0
    assert manifest(tmp_path / "out") == {
        "asOf": None,
        "selection": None,
        "orgs": 0,
        "documents": 0,
        "files": {},
    }


def test_an_as_of_before_all_rows_removes_nothing_by_mistake(
    own_warehouse: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert serialize(own_warehouse, out) == 0
    documents = contents(out)
    change(
        own_warehouse,
        "create table clock as select timestamp '2020-01-01' as as_of",
        "create table int_orgs as select 'acme' as org_id, timestamp '2026-03-02 08:00:00' as first_seen_at",
        *(f'delete from "{mart.name}"' for mart in MARTS),
    )
    assert serialize(own_warehouse, out) == 2
    message = capsys.readouterr().err
    assert "the first one happened at 2026-03-02 08:00:00 (UTC)" in message
    assert "--allow-empty" in message
    assert contents(out) == documents
    assert serialize(own_warehouse, out, "--allow-empty") == 0
    assert contents(out) == {}


def test_text_is_kept_as_it_is(own_warehouse: Path, tmp_path: Path) -> None:
    text = 'é "quoted" \\ \n \0 😀 </script>'
    with duckdb.connect(str(own_warehouse)) as connection:
        connection.execute("UPDATE provider_7d SET provider = ? WHERE provider_position = 1", [text])
    serialize(own_warehouse, tmp_path / "out")
    assert json.loads((tmp_path / "out/acme/provider/7d.json").read_bytes())["metrics"][0]["provider"] == text


# Where it is written


@pytest.mark.parametrize(
    ("org", "folder"),
    [
        ("Acme-1_2~3", "Acme-1_2~3"),
        ("a/b", "a%2Fb"),
        ("a b%2F", "a%20b%252F"),
        ("é😀", "%C3%A9%F0%9F%98%80"),
        ("a\0b", "a%00b"),
        (".", "%2E"),
        ("..", "%2E%2E"),
        ("...", "%2E%2E%2E"),
        (".a.", ".a."),
        ("manifest.json", "manifest%2Ejson"),
        ("x" * 255, "x" * 255),
        ("x" * 256, "x" * 190 + "+" + sha256(b"x" * 256).hexdigest()),
    ],
)
def test_folder_of_an_org(org: str, folder: str) -> None:
    assert folder_name(org) == folder


@given(st.lists(st.text(st.sampled_from("a.%+/é~"), min_size=1) | st.text(min_size=80), unique=True))
def test_folders_are_safe_and_differ(orgs: list[str]) -> None:
    folders = {folder_name(org) for org in orgs}
    assert len(folders) == len(orgs)
    for folder in folders:
        assert re.fullmatch(r"[\w.~%+-]{1,255}", folder, re.ASCII)
        assert folder not in {".", "..", "manifest.json", "manifest.json+tmp"}


def test_strange_orgs_have_documents(tmp_path: Path) -> None:
    orgs = ["manifest.json", "x" * 300, "x" * 301, "%2E", ".", "é", " "]
    warehouse = make_warehouse(tmp_path / "factory.duckdb", orgs)
    assert serialize(warehouse, tmp_path / "out") == 0
    for org in orgs:
        assert (tmp_path / "out" / folder_name(org) / "aggregate" / "7d.json").is_file()
    assert manifest(tmp_path / "out")["files"] == checksums(tmp_path / "out")


# Writing again


def test_unchanged_files_are_left_alone(own_warehouse: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    serialize(own_warehouse, out)
    before = {path: path.stat().st_ino for path in out.rglob("*.json") if path.parent != out}
    change(own_warehouse, "UPDATE cost_7d SET human_time_pct = 24.0 WHERE org_id = 'acme'")
    serialize(own_warehouse, out)
    after = {path: path.stat().st_ino for path in before}
    assert {path for path in before if before[path] != after[path]} == {out / "acme/cost/7d.json"}
    assert b'"humanTimePct":24.0' in (out / "acme/cost/7d.json").read_bytes()
    assert manifest(out)["files"] == checksums(out)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Return a list of the documents that are made from now on: their org and mart."""
    documents = []

    def read(*arguments: Any) -> Any:  # noqa: ANN401 - handed on
        for org, document in marts.read_documents(*arguments):
            documents.append((org, arguments[1].name))
            yield org, document

    monkeypatch.setattr(output, "read_documents", read)
    return documents


def let_time_pass(out: Path) -> None:
    """Make the documents older than what is remembered of them, by more than a tick of any clock."""
    known = default_file(out)
    later = known.stat().st_mtime_ns + 10 * 10**9
    os.utime(known, ns=(later, later))


def test_only_what_differs_or_was_changed_or_is_gone_is_made_again(
    own_warehouse: Path, tmp_path: Path, made: list[tuple[str, str]]
) -> None:
    out = tmp_path / "out"
    earlier = Path(shutil.copy(own_warehouse, tmp_path / "earlier.duckdb"))
    change(earlier, *(f"DELETE FROM {mart.name} WHERE org_id = 'a/b'" for mart in MARTS))
    gone = "SELECT * REPLACE ('gone' AS org_id) FROM {0} WHERE org_id = 'acme'"
    change(earlier, *(f"INSERT INTO {mart.name} FROM ({gone.format(mart.name)})" for mart in MARTS))
    serialize(earlier, out)
    let_time_pass(out)
    change(
        own_warehouse,
        "UPDATE cost_7d SET human_time_pct = 24.0 WHERE org_id = 'acme'",
        "DELETE FROM provider_30d WHERE org_id = 'acme' AND provider_position = 2",
        "UPDATE provider_90d SET provider_position = 3 - provider_position WHERE org_id = 'acme'",
        "UPDATE devops_7d SET pipelines = list_reverse(pipelines) || pipelines WHERE org_id = 'acme'",
        *(f"UPDATE {mart.name} SET as_of = '2026-07-01'" for mart in MARTS),
    )
    (out / "new/phase/7d.json").unlink()
    edited = out / "new/phase/30d.json"
    edited.write_bytes(edited.read_bytes().swapcase())
    made.clear()
    with open_warehouse(own_warehouse) as connection:
        summary = output.write_documents(connection, out, MARTS, Selection(), known=default_file(out))
    expected = {("acme", mart) for mart in ("cost_7d", "provider_30d", "provider_90d", "devops_7d")}
    expected |= {("new", "phase_7d"), ("new", "phase_30d")}
    assert set(made) == expected | {("a/b", mart.name) for mart in MARTS}
    assert (summary.written, summary.unchanged, summary.removed) == (27, 57, 21)
    let_time_pass(out)
    made.clear()
    serialize(own_warehouse, out)
    assert made == [], "all is right"
    serialize(own_warehouse, tmp_path / "plain")
    assert contents(out) == contents(tmp_path / "plain")
    assert (out / "manifest.json").read_bytes() == (tmp_path / "plain/manifest.json").read_bytes()


@pytest.mark.parametrize("unsure", ["tick", "release", "boot", "damage", "no file"])
def test_what_is_not_known_for_sure_is_made_and_compared(
    unsure: str, warehouse: Path, tmp_path: Path, made: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    known = default_file(out)
    serialize(warehouse, out)
    if unsure != "tick":  # in which a second change may have the time of the first
        let_time_pass(out)
    edited = out / "acme/cost/7d.json"
    state = edited.stat()
    edited.write_bytes(edited.read_bytes().swapcase())
    os.utime(edited, ns=(state.st_mtime_ns, state.st_mtime_ns))
    if unsure == "release":
        monkeypatch.setattr(known_documents, "writer", lambda: "another")
    if unsure == "boot":
        monkeypatch.setattr(known_documents, "_BOOT", tmp_path / "none")
    if unsure == "damage":
        known.write_bytes(known.read_bytes().replace(b'"acme",', b'"acme,', 1))
        let_time_pass(out)
    if unsure == "no file":
        known.unlink()
    made.clear()
    assert serialize(warehouse, out) == 0
    assert len(made) == (21 if unsure == "damage" else 84)
    assert manifest(out)["files"] == checksums(out)


def test_a_run_that_is_killed_leaves_nothing_that_is_taken_for_right(
    own_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, plain = tmp_path / "out", tmp_path / "plain"
    serialize(own_warehouse, out)
    let_time_pass(out)
    change(own_warehouse, *(f"UPDATE cost_{days}d SET human_time_pct = {days}" for days in (7, 90)))
    serialize(own_warehouse, plain)
    replace = os.replace
    for replaced in (0, 2, 4, 3):  # of eight documents, what is remembered, and the manifest
        calls = [replace] * replaced
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", lambda *paths, calls=calls: calls.pop()(*paths))
            with pytest.raises(IndexError):
                serialize(own_warehouse, out)
    # what the killed ones wrote is of the new rows, but another warehouse comes next
    change(own_warehouse, "UPDATE cost_90d SET human_time_pct = 2.0 WHERE org_id <> 'new'")
    for folder in (out, plain):
        assert serialize(own_warehouse, folder) == 0
    assert contents(out) == contents(plain)
    assert manifest(out)["files"] == checksums(out)


def test_documents_are_written_where_nothing_can_be_remembered(warehouse: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (default_file(out) / "is a folder").mkdir(parents=True)
    assert serialize(warehouse, out) == 0
    assert manifest(out)["files"] == checksums(out)


def test_what_a_killed_run_left_is_removed(warehouse: Path, tmp_path: Path) -> None:
    (tmp_path / "+tmp1" / "cost").mkdir(parents=True)
    serialize(warehouse, tmp_path)
    assert manifest(tmp_path)["files"] == checksums(tmp_path)
    assert not list(tmp_path.glob("+tmp*"))


def test_only_documents_that_are_gone_are_removed(own_warehouse: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    serialize(own_warehouse, out)
    (out / "notes.txt").write_text("mine")
    (out / "a%2Fb" / "notes.txt").write_text("mine")
    change(own_warehouse, *(f"DELETE FROM {mart.name} WHERE org_id IN ('a/b', '..')" for mart in MARTS))
    serialize(own_warehouse, out)
    assert sorted(path.name for path in out.iterdir()) == [
        "a%2Fb",
        "acme",
        "manifest.json",
        "new",
        "notes.txt",
    ]
    assert [path.name for path in (out / "a%2Fb").iterdir()] == ["notes.txt"]
    assert set(manifest(out)["files"]) == set(contents(out)) - {"notes.txt", "a%2Fb/notes.txt"}


def test_a_manifest_that_lies_reaches_nothing_else(warehouse: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    paths = [
        "../safe/7d.json",
        "../../safe.json",
        "safe.json",
        "/etc/aggregate/7d.json",
        "../aggregate/7d.json",
    ]
    (tmp_path / "aggregate").mkdir()
    kept = [tmp_path / "aggregate" / "7d.json", out / "safe.json"]
    for path in kept:
        path.write_text("{}")
    lines = ",\n".join(f'"{path}": "{"0" * 64}"' for path in paths)
    (out / "manifest.json").write_bytes(b'{"files":{\n' + lines.encode() + b"\n}}\n\xff\xfe\0\r\rx\n")
    assert serialize(warehouse, out) == 0
    assert all(path.exists() for path in kept)


def test_an_error_midway_leaves_whole_files(own_warehouse: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    serialize(own_warehouse, out)
    before, listed = contents(out), (out / "manifest.json").read_bytes()
    change(own_warehouse, "UPDATE devops_90d SET uptime_pct = 'nan' WHERE org_id = 'acme'")
    assert serialize(own_warehouse, out) == 2
    assert contents(out) == before
    assert (out / "manifest.json").read_bytes() == listed


def test_a_disk_that_fails_leaves_whole_files(
    own_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    serialize(own_warehouse, out)
    before = contents(out)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device", "somewhere")

    change(own_warehouse, "UPDATE cost_7d SET human_time_pct = 24.0")
    monkeypatch.setattr(os, "replace", fail)
    assert serialize(own_warehouse, out) == 2
    assert capsys.readouterr().err == (
        "serialize_marts: the disk is full ([Errno 28] No space left on device: 'somewhere'): "
        f"make room for {out}, and run again\n"
    )
    assert contents(out) == before


def test_two_runs_do_not_mix(warehouse: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    assert serialize(warehouse, tmp_path) == 2
    os.close(handle)
    assert f"another run is writing to {tmp_path}" in capsys.readouterr().err
    assert serialize(warehouse, tmp_path) == 0


# Selections


def test_selection_is_written_and_said(warehouse: Path, tmp_path: Path) -> None:
    options = [
        "--org",
        "acme",
        "--org",
        "..",
        "--org",
        "acme",
        "--metric-type",
        "cost",
        "--time-range",
        "30d",
    ]
    assert serialize(warehouse, tmp_path, *options) == 0
    assert set(contents(tmp_path)) == {"acme/cost/30d.json", "%2E%2E/cost/30d.json"}
    found = manifest(tmp_path)
    assert found["selection"] == {"orgs": ["..", "acme"], "metricTypes": ["cost"], "timeRanges": ["30d"]}
    assert (found["orgs"], found["documents"]) == (2, 2)
    assert found["files"] == checksums(tmp_path)
    assert found["kept"] == {}


def test_selection_does_not_forget_the_other_files(own_warehouse: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    serialize(own_warehouse, out)
    all_files = checksums(out)
    for metric_type in ("cost", "phase"):
        serialize(own_warehouse, out, "--metric-type", metric_type)
        assert len(manifest(out)["files"]) == 12
        assert manifest(out)["files"] | manifest(out)["kept"] == all_files
    change(own_warehouse, *(f"DELETE FROM {mart.name} WHERE org_id = 'acme'" for mart in MARTS))
    serialize(own_warehouse, out)
    assert not (out / "acme").exists()
    assert manifest(out)["files"] == checksums(out)


def test_unknown_org(warehouse: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert serialize(warehouse, tmp_path / "out", "--org", "Acme") == 2
    assert "no org 'Acme'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# Warehouses that do not fit


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DROP TABLE cost_30d", "mart cost_30d is missing"),
        ("ALTER TABLE cost_30d DROP human_time_pct", "mart cost_30d .* column human_time_pct is missing"),
        (
            "ALTER TABLE cost_30d ALTER human_time_pct TYPE DECIMAL(9, 1)",
            r"mart cost_30d .* column human_time_pct is DECIMAL\(9,1\), not DOUBLE",
        ),
        (
            "ALTER TABLE station_7d ALTER yield TYPE BIGINT",
            "mart station_7d .* column yield is BIGINT, not DOUBLE",
        ),
        (
            "ALTER TABLE devops_7d ALTER pipelines SET DATA TYPE STRUCT(name VARCHAR)[] USING []",
            r"mart devops_7d .* column pipelines\[\]\.status is missing",
        ),
        (
            "ALTER TABLE handoff_7d ALTER override_timeline SET DATA TYPE STRUCT(date DATE, count INTEGER)[]",
            r"mart handoff_7d .* column override_timeline\[\]\.count is INTEGER, not BIGINT",
        ),
        (
            "UPDATE aggregate_90d SET total_issues = NULL WHERE org_id = 'a/b'",
            "mart aggregate_90d .* column total_issues, org 'a/b': Expected `int`, got `null`",
        ),
        (
            "UPDATE station_7d SET \"yield\" = 'nan' WHERE org_id = 'new'",
            "mart station_7d .* column yield, org 'new': NaN or infinite",
        ),
        (
            "UPDATE aggregate_7d SET cost_trend = [1, 'inf'::DOUBLE] WHERE org_id = 'acme'",
            r"mart aggregate_7d .* column cost_trend\[\], org 'acme': NaN or infinite",
        ),
        (
            "UPDATE devops_7d SET uptime_pct = 'inf'",
            "mart devops_7d .* column uptime_pct, org '..': NaN or infinite",
        ),
        (
            "UPDATE phase_7d SET total_reworks = NULL",
            "mart phase_7d .* column total_reworks, org '..': Expected",
        ),
        (
            "UPDATE phase_7d SET phases = [struct_update(phases[1], phase := 'lunch')]",
            r"mart phase_7d .* column phases\[\]\.phase, org '..': Invalid enum value 'lunch'",
        ),
        (
            "UPDATE cost_7d SET cost_trend = NULL",
            "mart cost_7d .* column cost_trend, org '..': Expected `array`",
        ),
        (
            "DELETE FROM station_30d WHERE station = 'qa' AND org_id = 'acme'",
            "mart station_30d .* org 'acme': Expected `array` of length >= 6",
        ),
        (
            "DELETE FROM cost_30d WHERE org_id = 'acme'",
            "mart cost_30d has 0 rows for org 'acme' instead of 1",
        ),
        ("DELETE FROM aggregate_30d WHERE org_id = 'acme'", "mart aggregate_30d has 0 rows for org 'acme'"),
        (
            "DELETE FROM aggregate_7d WHERE org_id = 'acme'",
            "has org 'acme', which mart aggregate_7d does not have",
        ),
        ("INSERT INTO phase_7d FROM phase_7d", "mart phase_7d has 2 rows for org '..' instead of 1"),
        (
            "UPDATE handoff_7d SET org_id = NULL WHERE org_id = 'acme'",
            "mart handoff_7d has a row without org_id",
        ),
        (
            "UPDATE phase_90d SET as_of = '2026-06-29' WHERE org_id = 'new'",
            "the as-of is 2026-06-30 12:00:00 in aggregate_7d, 2026-06-29 00:00:00 in phase_90d",
        ),
        ("UPDATE aggregate_7d SET as_of = NULL", "the as-of is None in aggregate_7d"),
    ],
)
def test_misfit_is_named(
    own_warehouse: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], statement: str, message: str
) -> None:
    change(own_warehouse, statement)
    assert serialize(own_warehouse, tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert re.search(message, error), error
    assert error.count("\n") == 1
    assert not list(tmp_path.rglob("*+tmp"))


def test_no_warehouse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert serialize(tmp_path / "none.duckdb", tmp_path / "out") == 2
    (tmp_path / "text.duckdb").write_text("not a database, but long enough to look at its header\n" * 200)
    assert serialize(tmp_path / "text.duckdb", tmp_path / "out") == 2
    duckdb.connect(str(tmp_path / "bare.duckdb")).close()
    assert serialize(tmp_path / "bare.duckdb", tmp_path / "out") == 2
    missing, text, bare = capsys.readouterr().err.splitlines()
    assert "there is no warehouse at" in missing
    assert "is not a DuckDB file" in text
    assert "the warehouse has no marts" in bare
    assert all("dbt build" in line for line in (missing, text, bare))


def test_warehouse_that_dbt_is_writing(own_warehouse: Path, tmp_path: Path) -> None:
    script = ROOT / "scripts" / "serialize_marts.py"
    with duckdb.connect(str(own_warehouse)):
        command = [
            sys.executable,
            str(script),
            "--warehouse",
            str(own_warehouse),
            "--out",
            str(tmp_path / "out"),
        ]
        result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 2
    assert re.fullmatch(r"serialize_marts: the warehouse .* is being written.*try again.*\n", result.stderr)


# Settings


def test_marts_are_named_by_type_and_range() -> None:
    assert Mart("cost", "30d").name == "cost_30d"
    assert {mart.metric_type for mart in MARTS} == set(METRIC_TYPES)
    assert time_ranges() == ["7d", "30d", "90d"]


@pytest.mark.parametrize(
    "project",
    [
        None,
        "vars: {time_ranges: 7}",
        "vars: {time_ranges: []}",
        "vars: {time_ranges: [7, true]}",
        "vars: {time_ranges: [-7]}",
        "{",
        "",
    ],
)
def test_time_ranges_must_be_days(tmp_path: Path, project: str | None) -> None:
    file = tmp_path / "dbt_project.yml"
    if project is not None:
        file.write_text(project)
    with pytest.raises(UserError, match=re.escape(str(file))):
        time_ranges(file)
