"""Run the scheduler's command in processes forked from one that has imported dbt, which takes seconds."""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import refresh

ROOT = Path(__file__).parents[2]
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["dbt.cli.main", "dbt.adapters.duckdb.connections", "incremental_worker"])


def run_refresh(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run scripts/refresh.py with these arguments; the exit code and output are the result."""
    with tempfile.TemporaryDirectory() as folder:
        outputs = [Path(folder) / name for name in ("stdout", "stderr")]
        process = CONTEXT.Process(target=_refresh, args=(arguments, dict(os.environ), outputs))
        process.start()
        process.join(600)
        assert process.exitcode is not None, f"a run takes too long: {arguments}"
        stdout, stderr = (path.read_text(encoding="utf-8", errors="replace") for path in outputs)
    return subprocess.CompletedProcess(arguments, process.exitcode, stdout, stderr)


def _refresh(arguments: Sequence[str], environment: Mapping[str, str], outputs: Sequence[Path]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    for number, path in enumerate(outputs, start=1):
        with path.open("w") as file:
            os.dup2(file.fileno(), number)
    sys.exit(refresh.main(arguments))
