"""Run again and again from one process that keeps dbt loaded and the project read.

Each run is a process forked from it: what a run leaves in memory goes with the run, and a run that crashes
takes nothing along. When files of the project change, the process begins again with them before the next run.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import sysconfig
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from factory_metrics.project import ROOT
from factory_metrics.runs.interrupts import Interrupted, run_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Nothing is open in this process, and no thread of Python runs: see `read_project`.
_FORK = multiprocessing.get_context("fork")
_POLL_SECONDS = 1.0
# What dbt and Python read of the project.
_SOURCES = ("analyses", "macros", "models", "scripts", "seeds", "tests/dbt")


def keep_running(
    run: Callable[[], int], seconds: float, look: Callable[[], object] | None, tell: Callable[[str], None]
) -> int:
    """Run now, and then every so many seconds, until a signal comes; return its exit code.

    A run that takes longer puts off the next. `look` returns what a run would see of the logs: when that has
    changed, and is still the same a moment later, a run does not wait for its time. `tell` is told of what no
    run could tell.

    Raises:
        Interrupted: a signal came between two runs.

    """
    sources = project_state()
    started = time.monotonic()
    while True:
        seen = look and look()
        if project_state() == sources:
            code = _run_apart(run, tell)
            if code is not None:
                return code
        else:
            _begin_again(tell)
        now = time.monotonic()
        _wait(now + seconds - (now - started) % seconds, look, seen)


def _wait(due: float, look: Callable[[], object] | None, seen: object) -> None:
    """Wait for a time, or for something new to see that stays as it is for a moment."""
    before = seen
    while (left := due - time.monotonic()) > 0:
        time.sleep(min(left, _POLL_SECONDS))
        if look:
            found = look()
            if found == before and found != seen:
                return
            before = found


def _run_apart(run: Callable[[], int], tell: Callable[[str], None]) -> int | None:
    """Run in a forked process; return its exit code when a signal ended it that came to this one, too."""
    forked = _FORK.Process(target=_main, args=(run,))
    forked.start()
    try:
        forked.join()
    except Interrupted as interrupted:
        # the signal came to this process only, or to all of its group
        if forked.is_alive():
            os.kill(forked.pid or 0, interrupted.number)
        forked.join()
        if forked.exitcode == interrupted.exit_code:
            return interrupted.exit_code  # it has said so
        raise
    code = forked.exitcode or 0
    forked.close()
    if code < 0:
        tell(f"the run was ended by {signal.Signals(-code).name}; the next one goes on from what is there")
    return None


def _main(run: Callable[[], int]) -> None:
    sys.exit(run_command("refresh", run))


def _begin_again(tell: Callable[[str], None]) -> None:
    """Replace this process by one that reads the project as it is now; go on without if that cannot start."""
    command = [sys.executable, *sys.orig_argv[1:]]
    tried = subprocess.run(  # noqa: S603 - ourselves
        [*command, "--help"], check=False, capture_output=True, text=True
    )
    if tried.returncode:
        reason = (tried.stderr.strip().splitlines() or ["it does not say why"])[-1]
        tell(f"nothing is run until the project's scripts, which have changed, can be started: {reason}")
        return
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, command)  # noqa: S606 - ourselves


def project_state() -> frozenset[tuple[str, int, int]]:
    """Return what changes when a file of the project does, or a package that it uses."""
    return frozenset(_states())


def _states() -> Iterator[tuple[str, int, int]]:
    paths = [
        path for name in _SOURCES for path in (ROOT / name).rglob("*") if path.parent.name != "__pycache__"
    ]
    for path in (*ROOT.glob("*.yml"), *paths, Path(sysconfig.get_path("purelib"))):
        with suppress(FileNotFoundError):
            status = path.stat()
            if path.name != "__pycache__":
                yield str(path), status.st_size, status.st_mtime_ns
