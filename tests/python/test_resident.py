"""The command that stays: it runs in time, whatever becomes of a run, and with the project as it is."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from refreshed_home import FIRST_AS_OF, SECOND_AS_OF, RefreshedHome, contents

import refresh
from factory_metrics.runs import resident, run_history
from factory_metrics.runs.interrupts import Interrupted
from factory_metrics.runs.publishing import Home

SECONDS = {"30s": 30, "5m": 300, "1h": 3600}


class Clock:
    """A clock that goes on only while somebody sleeps; a signal comes at the end."""

    def __init__(self, end: float) -> None:
        """Begin long after zero."""
        self.now, self.end = 1000.0, 1000.0 + end

    def monotonic(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        if self.now >= self.end:
            raise Interrupted(signal.SIGTERM)


@pytest.fixture
def runs_at(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[float]]:
    """Return a function that keeps running for so many seconds, and returns when the runs began."""

    def keep(
        end: float, every: float, took: Callable[[], float] = lambda: 0, **options: object
    ) -> list[float]:
        clock, started = Clock(end), []

        def run_apart(*_: object) -> None:
            started.append(clock.now - 1000)
            clock.now += took()

        monkeypatch.setattr(resident, "time", clock)
        monkeypatch.setattr(resident, "_run_apart", run_apart)
        look = options.get("look")
        with pytest.raises(Interrupted):
            resident.keep_running(
                lambda: 0, every, (lambda: look(clock.now - 1000)) if callable(look) else None, print
            )
        return started

    return keep


def test_runs_begin_on_time_and_do_not_pile_up(runs_at: Callable[..., list[float]]) -> None:
    assert runs_at(100, 30) == [0, 30, 60, 90]
    times = iter([10, 75, 29, 0, 0])
    assert runs_at(160, 30, lambda: next(times)) == [0, 30, 120, 150]


def test_a_file_that_rests_is_not_waited_for(runs_at: Callable[..., list[float]]) -> None:
    # written to from 10 to 13, and again while the run that this began is at work
    def look(now: float) -> float:
        return 0 if now < 10 else min(now, 13) if now < 16 else 99

    times = iter([0, 5, 0, 0, 0])
    assert runs_at(50, 40, lambda: next(times), look=look) == [0, 14, 21, 40]
    assert runs_at(50, 20, look=lambda now: now) == [0, 20, 40], "a log that never rests"


@pytest.mark.parametrize("text", ["0s", "5", "m", "-5m", "1.5h", "5 m", "5d", ""])
def test_times_are_refused_that_are_none(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        refresh.main([f"--every={text}"])
    assert "is no time such as 30s, 5m or 1h" in capsys.readouterr().err


def test_times_are_read() -> None:
    assert {text: refresh.seconds(text) for text in SECONDS} == SECONDS


def test_what_cannot_be_repeated_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        refresh.main(["--full-refresh", "--every", "5m"])
    assert refresh.main(["--watch", "--home", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert "--full-refresh is for one run" in message
    assert "--watch needs logs that are files" in message


def test_what_becomes_of_a_run_does_not_concern_the_next(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    notes: list[str] = []

    def fail() -> int:
        raise ValueError

    def die() -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return 0

    def write() -> int:
        (tmp_path / "good").touch()
        return 0

    for run in (fail, die, lambda: 1, write):
        assert resident._run_apart(run, notes.append) is None  # noqa: SLF001 - in a process of its own
    assert notes == ["the run was ended by SIGKILL; the next one goes on from what is there"]
    assert "ValueError" in capfd.readouterr().err
    assert (tmp_path / "good").exists()


def test_another_project_is_begun_with_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    notes: list[str] = []
    states = iter(["old", "new", "new"])

    def execute(_program: str, command: list[str]) -> None:
        raise SystemExit(command[-1])

    monkeypatch.setattr(resident, "project_state", lambda: next(states))
    monkeypatch.setattr(os, "execv", execute)
    monkeypatch.setattr(resident, "_wait", lambda *_: None)
    script = tmp_path / "script.py"
    monkeypatch.setattr(sys, "orig_argv", [sys.executable, str(script)])
    script.write_text("import is_gone")

    def tell(note: str) -> None:
        notes.append(note)
        script.write_text("import sys")

    with pytest.raises(SystemExit, match=r"script\.py"):
        resident.keep_running(lambda: 0, 60, None, tell)
    [note] = notes
    assert note.startswith("nothing is run until the project's scripts, which have changed, can be started: ")
    assert note.endswith("ModuleNotFoundError: No module named 'is_gone'")


@pytest.mark.parametrize("name", ["models/clock.sql", "profiles.yml", "scripts/refresh.py", "seeds/new.csv"])
def test_files_of_the_project_are_looked_at(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(resident, "ROOT", tmp_path)
    states = [resident.project_state()]
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    for content in ("one", "two", "longer"):
        file.write_text(content)
        os.utime(file, (len(states), len(states)))
        states.append(resident.project_state())
    file.unlink()
    assert len(set(states)) == 4
    assert resident.project_state() == states[0]
    (file.parent / "__pycache__").mkdir()
    (file.parent / "__pycache__" / "x.pyc").touch()
    assert resident.project_state() == states[0]


# With dbt


class Resident:
    """The command at work on a home."""

    def __init__(self, factory: RefreshedHome, log: Path, *options: str) -> None:
        """Start it."""
        self.factory, self.log = factory, log
        command = [sys.executable, "scripts/refresh.py", "--home", str(factory.home.folder), *options]
        command += ["--vars", json.dumps({"raw_path": str(factory.logs)}), "--as-of", SECOND_AS_OF]
        with log.open("w") as file:
            self.process = subprocess.Popen(command, cwd=ROOT, stderr=file, stdout=file)

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until it has said something so many times."""
        deadline = time.monotonic() + 900
        while self.log.read_text().count(text) < times:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def run(self) -> int:
        """Return the process of a run that is at work."""
        while True:
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            for child in children:
                if "resource_tracker" not in Path(f"/proc/{child}/cmdline").read_text():
                    return int(child)
            time.sleep(0.01)


@pytest.fixture
def at_work(tmp_path: Path) -> Iterator[Resident]:
    factory = RefreshedHome(Home(tmp_path / "home"), tmp_path / "logs")
    factory.land("--end", FIRST_AS_OF, events=500)
    command = Resident(factory, tmp_path / "log", "--watch", "--every", "1h")
    yield command
    command.process.kill()
    command.process.wait()


def test_it_takes_in_what_comes_whatever_happens_to_runs(at_work: Resident, tmp_path: Path) -> None:
    factory, home = at_work.factory, at_work.factory.home
    at_work.wait_for("published version 1")
    bad = factory.logs / "factory_events" / "bad.xlsx"
    bad.write_text("no log")
    at_work.wait_for("bad data, nothing is published")
    bad.unlink()
    at_work.wait_for("nothing new: version 1")
    # a run that is killed at any moment is gone on with by the next, for which a file that comes is a reason
    more = RefreshedHome(home, tmp_path / "more")
    more.land("--start", FIRST_AS_OF, "--end", SECOND_AS_OF, events=50)
    for file in more.logs.rglob("*.parquet"):
        file.rename(factory.logs / file.relative_to(more.logs))
    run = at_work.run()
    time.sleep(random.random() * 2)
    os.kill(run, signal.SIGKILL)
    at_work.wait_for("the run was ended by SIGKILL")
    (factory.logs / "factory_events" / "empty.jsonl").touch()
    at_work.wait_for("published version 2")
    # a signal in a run
    begun = at_work.log.read_text().count("look for new rows")
    bad = bad.with_suffix(".parquet")  # only dbt looks into it
    bad.write_text("no log")
    at_work.wait_for("look for new rows", begun + 1)
    run = at_work.run()
    at_work.process.send_signal(signal.SIGTERM)
    assert at_work.process.wait(60) == 128 + signal.SIGTERM
    text = at_work.log.read_text()
    assert text.count("interrupted by SIGTERM") == 1
    assert not Path(f"/proc/{run}").exists()
    assert "Traceback" not in text
    bad.unlink()
    outcomes = [run.outcome for run in run_history.read(home.runs)]
    assert outcomes == ["published", "bad_data", "nothing_new", "published", "interrupted"]
    # as the command of a schedule says and makes it
    assert factory.refresh().returncode == 3
    once = RefreshedHome(Home(tmp_path / "once"), factory.logs)
    assert once.refresh().returncode == 0
    assert once.documents() == contents(home.documents)
