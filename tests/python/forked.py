"""Run the project's commands in processes forked from one that has imported dbt, which takes seconds."""

import gc
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import refresh

ROOT = Path(__file__).parents[2]
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["dbt.cli.main", "dbt.adapters.duckdb.connections", "incremental_worker"])


def run(
    command: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `dbt` or `refresh` as their command lines do; the exit code and output are the result."""
    with tempfile.TemporaryDirectory() as folder:
        outputs = [Path(folder) / name for name in ("stdout", "stderr")]
        target = {"dbt": _dbt, "refresh": _refresh}[command]
        settings = (arguments, dict(os.environ | (environment or {})), outputs)
        process = CONTEXT.Process(target=target, args=settings)
        process.start()
        process.join(600)
        assert process.exitcode is not None, f"{command} {arguments} takes too long"
        stdout, stderr = (path.read_text(encoding="utf-8", errors="replace") for path in outputs)
    return subprocess.CompletedProcess([command, *arguments], process.exitcode, stdout, stderr)


def _dbt(arguments: Sequence[str], *settings: Any) -> None:  # noqa: ANN401 - see _begin()
    _begin(*settings)
    from dbt.cli.main import cli  # noqa: PLC0415 - only the process that is forked from has it

    cli(arguments, prog_name="dbt")


def _refresh(arguments: Sequence[str], *settings: Any) -> None:  # noqa: ANN401 - see _begin()
    _begin(*settings)
    sys.exit(refresh.main(arguments))


def _begin(environment: Mapping[str, str], outputs: Sequence[Path]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    for number, path in enumerate(outputs, start=1):
        with path.open("w") as file:
            os.dup2(file.fileno(), number)
    gc.disable()  # the process ends soon
