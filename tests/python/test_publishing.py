"""A home without a run: versions, the link, the history, and what is said of a disk or a damaged file."""

import errno
import os
import re
import time
from pathlib import Path
from types import ModuleType
from unittest import mock

import duckdb
import pytest

import backfill
import publish_to_postgres
import rollback
import write_report
from factory_metrics.failures import explain, explain_in_home, first_line
from factory_metrics.instants import utc_instant
from factory_metrics.project import UserError
from factory_metrics.runs import preconditions, progress, run_history
from factory_metrics.runs.dbt_runs import DbtError
from factory_metrics.runs.publishing import SCRATCH_PREFIX, Home, in_use
from factory_metrics.runs.run_history import Run
from rollback import chosen_version, list_versions


def test_a_run_is_known_by_its_start_whatever_its_decimals(tmp_path: Path) -> None:
    history, warehouse = tmp_path / "runs.jsonl", tmp_path / "warehouse.duckdb"
    lost = Run(started_at="2026-06-30 13:00:00.000000", outcome="published", published_version=3)
    run = Run(started_at="2026-06-30 12:00:00.123400", outcome="published", published_version=2)
    run_history.append(history, lost)
    run_history.write_table(warehouse, history, run)
    run_history.append(history, run)
    with duckdb.connect(str(warehouse)) as connection:
        found = run_history.read_last(connection)
    assert found == run, "not the run with the highest number, or the latest"
    assert run_history.knows(history, found)
    assert run_history.highest_version(history) == 3


@pytest.mark.parametrize("content", [pytest.param(b"", id="empty"), pytest.param(None, id="no tables")])
def test_a_run_that_was_killed_as_it_began_left_nothing_to_go_on_from(
    content: bytes | None, tmp_path: Path
) -> None:
    home = Home(tmp_path)
    home.build.mkdir()
    if content is None:
        duckdb.connect(str(home.history)).close()
    else:
        home.history.write_bytes(content)
    assert progress.landed_progress(home) == ("", 0)
    preconditions.check_logs(home, {}, None)
    assert not home.history.exists()


def test_what_killed_runs_left_is_removed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    left = home.scratch / "factory-logs-1" / "a.csv", home.build / "warehouse.duckdb.tmp" / "block"
    for path in left:
        path.parent.mkdir(parents=True)
        path.touch()
    with home.locked():
        assert not any(path.exists() for path in left)


def test_what_a_killed_backfill_left_goes_with_old_versions(tmp_path: Path) -> None:
    home = Home(tmp_path)
    at_work, killed = (home.versions_folder / f"{SCRATCH_PREFIX}{name}" for name in ("at-work", "killed"))
    for folder in (at_work, killed):
        folder.mkdir(parents=True)
    with in_use(at_work):
        home.remove_old_versions(keep=3)
        assert (at_work.exists(), killed.exists()) == (True, False)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-06-30T14:00:00+02:00", "2026-06-30 12:00:00"),
        ("20260630", "2026-06-30 00:00:00"),
        ("2026-06-30 12:00:00.25", "2026-06-30 12:00:00.250000"),
        ("2026-02-30", None),
        ("0000-01-01", None),
        ("0001-01-01T00:00+05:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_an_as_of_is_read_before_the_run(text: str, instant: str | None) -> None:
    if instant:
        assert str(utc_instant(text, "--as-of")) == instant
        return
    with pytest.raises(UserError, match=re.escape(f"--as-of is '{text}', which is not an ISO 8601 instant")):
        utc_instant(text, "--as-of")


def test_a_home_that_duckdb_cannot_write_to_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / "home?")
    with pytest.raises(UserError, match="has a \\? in it"), home.locked():
        pass
    assert not home.folder.exists()


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "/srv/factory/build/a"),
        duckdb.IOException('IO Error: Could not write file "/srv/a.duckdb": No space left on device'),
        duckdb.OutOfMemoryException("failed to offload data block of size 256.0 KiB\nThis limit was set by"),
        DbtError("Runtime Error in model a\n  IO Error: Could not write file: No space left on device"),
    ],
)
def test_a_full_disk_is_said_to_be_in_a_line(error: Exception) -> None:
    text = explain(error, Path("/srv/factory"))
    assert explain_in_home(error, Path("/srv/factory")) == text
    assert text.startswith("the disk is full (")
    assert text.endswith("): make room for /srv/factory, and run again")
    assert "\n" not in text


def test_a_full_disk_is_no_folder_that_may_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(Path, "mkdir", mock.Mock(side_effect=full))
    monkeypatch.setattr(write_report, "read_source", mock.Mock())
    monkeypatch.setattr(write_report, "render", mock.Mock(side_effect=full))
    said = f"the disk is full ({full}): make room for {tmp_path}, and run again"
    with pytest.raises(UserError, match=re.escape(said)), Home(tmp_path).locked():
        pass
    with pytest.raises(UserError, match=re.escape(said)):
        preconditions.check_folder(tmp_path)
    assert write_report.main(["--org", "acme", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"write_report: {said}\n"


@pytest.mark.parametrize("module", [backfill, publish_to_postgres, rollback])
def test_a_home_without_a_version_is_told_what_publishes_one(
    module: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    options = {
        backfill: ["--from", "2026-06-01", "--out", str(tmp_path / "out")],
        publish_to_postgres: ["--url", "postgresql://reader@127.0.0.1/postgres"],
        rollback: ["previous"],
    }
    assert module.main(["--home", str(home), *options[module]]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith(f"in {home}: run scripts/refresh.py --home {home}")
    assert not home.exists()


def test_what_duckdb_says_of_a_past_day_is_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill, "backfill", mock.Mock(side_effect=duckdb.IOException("no\nadvice")))
    options = ["--warehouse", str(tmp_path / "a.duckdb"), "--from", "2026-06-01", "--out", str(tmp_path)]
    options += ["--allow-empty"]  # there is nothing to look at
    assert backfill.main(options) == 2
    assert capsys.readouterr().err == "backfill: no\n"


def test_an_error_without_a_message_is_called_by_its_type() -> None:
    assert first_line(OSError()) == "OSError"
    assert first_line(duckdb.IOException("no disk\nadvice to programmers")) == "no disk"


def test_a_published_version_that_is_gone_can_be_gone_back_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path)
    home.build.mkdir()
    for version in (1, 2, 3):
        home.version_file(version).parent.mkdir(parents=True)
        home.version_file(version).touch()
    home.point_to(3)
    home.version_file(3).unlink()
    with pytest.raises(UserError, match="version 3 is gone: choose another with"):
        home.current()
    list_versions(home)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["2", "1"]
    assert chosen_version(home, "previous") == 2
    home.roll_back(2, 7, "2026-06-30 12:00:00.000000")
    with pytest.raises(UserError, match="there is no version 3"):
        home.roll_back(3, 8, "2026-06-30 13:00:00.000000")
    assert (home.current(), home.rollback()) == (2, (2, 7, 3, "2026-06-30 12:00:00.000000"))


def test_a_note_of_a_lost_version_says_nothing_of_another_with_its_number(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.build.mkdir()
    for version in (1, 2, 3, 4):
        home.version_file(version).parent.mkdir(parents=True)
        started = f"2026-06-30 12:00:0{version}.000000"
        run_history.write_table(home.version_file(version), home.runs, Run(started_at=started))
    home.point_to(4)
    home.roll_back(2, 7, "2026-06-30 12:00:02.000000")
    home.point_to(4)
    assert chosen_version(home, "previous") == 2
    home.roll_back(2, 7, "2026-01-01 00:00:00.000000")
    home.point_to(4)
    assert chosen_version(home, "previous") == 3


def test_what_the_link_named_stays_for_those_who_looked_at_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.build.mkdir()
    for version in (1, 2, 3):
        home.version_file(version).parent.mkdir(parents=True)
        home.version_file(version).touch()
        os.utime(home.version_file(version).parent, (0, 0))
    home.point_to(1)
    home.point_to(3)
    home.remove_old_versions(keep=0)
    assert home.versions() == [1, 3]
    os.utime(home.version_file(1).parent, (time.time() - 61,) * 2)
    home.remove_old_versions(keep=0)
    assert home.versions() == [3]


def test_folders_that_are_no_versions_are_none(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for name in ("00000002", "²", "٣", "old"):
        (home.versions_folder / name).mkdir(parents=True)
        (home.versions_folder / name / "factory.duckdb").touch()
    assert home.versions() == [2]
    home.remove_old_versions(keep=0)
    home.published.symlink_to("versions/²/factory.duckdb")
    with pytest.raises(UserError, match="is no link to a version"):
        home.linked()


@pytest.mark.parametrize("note", [b"", b"1", b"x 2 3", b"\xff\xff"])
def test_a_damaged_note_of_a_rollback_is_named_with_a_way_out(note: bytes, tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.build.mkdir()
    (home.build / "rollback").write_bytes(note)
    with pytest.raises(UserError, match=r"build/rollback, which .* is damaged: give scripts/rollback\.py"):
        home.rollback()
    assert chosen_version(home, "7") == 7, "for which the note does not matter"


def test_a_copy_that_does_not_fit_leaves_the_disk_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    home.build.mkdir()
    home.version_file(1).parent.mkdir(parents=True)
    home.version_file(1).write_bytes(b"content")
    home.point_to(1)

    def fill(_source: str, target: str) -> None:
        Path(target).write_bytes(b"con")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.copy_file_range", lambda *_: 0)
    monkeypatch.setattr("shutil.copyfile", fill)
    with pytest.raises(OSError, match="No space left"):
        home.start_build()
    assert not list(home.build.glob("warehouse*"))


def test_damage_has_one_way_out() -> None:
    damage = "is not a valid DuckDB database file"
    said = UserError(f"version 1 cannot be read (it {damage}): remove the link")
    assert explain_in_home(said, Path("/srv/factory")) == str(said)
    assert "choose another" in explain_in_home(duckdb.IOException(damage), Path("/srv/factory"))
