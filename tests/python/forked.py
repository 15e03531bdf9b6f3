"""Run commands in processes forked from one that has imported dbt and parsed the project: see warm_dbt.py."""

import gc
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Lock
from unittest import mock

import refresh
from factory_metrics.runs import one_run

ROOT = Path(__file__).parents[2]
CONTEXT = multiprocessing.get_context("forkserver")
# Where the server finds what it imports first: it is not told of our path.
_PATH = os.pathsep.join(map(str, (Path(__file__).parent, ROOT / "scripts")))
CONTEXT.set_forkserver_preload(["warm_dbt", "dbt.adapters.duckdb.connections", "incremental_worker"])

# A run that leaves views as they are, and tests no keys: much of a run, while the logs are clean.
_WITHOUT_VIEWS = (
    *("--select", "fqn:*", "--exclude", "resource_type:unit_test", "tag:all_rows"),
    *("test_name:unique_combination", "test_name:not_null"),
    *("path:models/bi", "path:models/drill_down", "path:models/semantic", "fqn:dora_levels"),
)

_ONLY_THREAD = Lock()


@cache
def _start_server() -> None:
    """Start what processes are forked from."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (_PATH, before)))
    try:
        forkserver.ensure_running()
    finally:
        del os.environ["PYTHONPATH"]
        if before is not None:
            os.environ["PYTHONPATH"] = before


def process(
    target: Callable[..., object], arguments: Sequence[object], *, daemon: bool = False
) -> BaseProcess:
    """Return a process that is forked when it starts."""
    with _ONLY_THREAD:
        _start_server()
    return CONTEXT.Process(target=target, args=tuple(arguments), daemon=daemon)


def run_refresh(arguments: Sequence[str], *, views: bool = True) -> subprocess.CompletedProcess[str]:
    """Run scripts/refresh.py with these arguments; the exit code and output are the result.

    Without `views` it leaves them as they are, and tests no keys.
    """
    return _run(_refresh if views else _refresh_without_views, arguments, os.environ)


def run_dbt(arguments: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run dbt with these arguments in an environment; the exit code and output are the result."""
    return _run(_dbt, arguments, environment)


def _run(
    main: Callable[[Sequence[str]], int], arguments: Sequence[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as folder:
        outputs = [Path(folder) / name for name in ("stdout", "stderr")]
        forked = process(_main, (main, arguments, dict(environment), outputs))
        forked.start()
        forked.join(600)
        assert forked.exitcode is not None, f"a run takes too long: {arguments}"
        stdout, stderr = (path.read_text(encoding="utf-8", errors="replace") for path in outputs)
    return subprocess.CompletedProcess(arguments, forked.exitcode, stdout, stderr)


def _main(
    main: Callable[[Sequence[str]], int],
    arguments: Sequence[str],
    environment: Mapping[str, str],
    outputs: Sequence[Path],
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    for number, path in enumerate(outputs, start=1):
        with path.open("w") as file:
            os.dup2(file.fileno(), number)
    sys.exit(main(arguments))


def _refresh(arguments: Sequence[str]) -> int:
    return refresh.main(arguments)


def _refresh_without_views(arguments: Sequence[str]) -> int:
    next_run = (*_WITHOUT_VIEWS, "--threads", "2")
    with mock.patch.multiple(one_run, FULL_RUN=_WITHOUT_VIEWS, NEXT_RUN=next_run):
        return refresh.main(arguments)


def _dbt(arguments: Sequence[str]) -> int:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # noqa: PLC0415 - as below
    from dbt.cli.main import cli  # noqa: PLC0415 - slow, and there already in the forked process

    gc.disable()  # the process ends soon, and looking for garbage would take a tenth of it
    try:
        cli(list(arguments), prog_name="dbt")
    finally:
        # Else what it wrote stays in the write-ahead log: a forked process ends without cleaning up.
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    return 0
