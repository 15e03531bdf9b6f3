"""Run dbt in this process: its start is most of what a short run costs, so several commands share one.

dbt is imported when it is first run, as that takes seconds.
"""

from __future__ import annotations

import atexit
import gc
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from factory_metrics.project import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

# What dbt says of a node that is done; other events are for its log file.
_RESULTS = {"LogModelResult", "LogTestResult", "LogSeedResult"}

# What dbt says when it is done of each model that failed.
_ERROR = "RunResultError"

# What an error's text says when it is the logs that are at fault, not the place.
_DATA_ERRORS = (
    "the required column",
    "wrong lines of a seed",
    "log file /",
    "was removed while a run read it",
    "invalid input error",
    "conversion error",
    "invalid unicode",
)


class DbtError(Exception):
    """dbt could not start, or failed for a reason that is not in the logs; the message is dbt's."""


class BadDataError(Exception):
    """A test failed, or a log cannot be read; the message says which."""


@dataclass
class NodeResult:
    """A model or test that dbt has run: its name, dbt's status, seconds, and what went wrong.

    It is the node with this `number`, `of` so many, of dbt's `kind`: model, seed, test and others.
    """

    name: str
    status: str
    seconds: float
    message: str = ""
    number: int = 0
    of: int = 0
    kind: str = ""


@dataclass
class Dbt:
    """Runs dbt commands on one warehouse.

    `report` is told of each node that is done. What dbt says goes to `artifacts`/logs, and to the screen if
    `verbose`. `project` is the project as dbt has read it, if it was read before.
    """

    environment: Mapping[str, str]
    artifacts: Path
    variables: str
    report: Callable[[NodeResult], None] = lambda _result: None
    verbose: bool = False
    project: Any = None
    _runner: Any = field(default=None, init=False)
    _errors: list[str] = field(default_factory=list, init=False)

    def start(self) -> None:
        """Import dbt, and let it read the project: once, for all commands. It takes seconds.

        Raises:
            DbtError: the project or the variables are at fault.

        """
        if self._runner is not None:
            return
        # What dbt makes here, millions of objects, lives as long as the process: Python wastes
        # time when it looks through it for what could be freed. That was a fifth of a short run.
        gc.disable()
        atexit.register(gc.freeze)
        from dbt.cli.main import dbtRunner  # noqa: PLC0415 - slow

        if self.project is None:
            outcome = self._invoke(dbtRunner(), "parse")
            if outcome.exception is None:
                self.project = outcome.result
        gc.freeze()
        gc.enable()
        if self.project is None:
            raise DbtError(_first_lines(str(outcome.exception)))
        self._runner = dbtRunner(manifest=self.project, callbacks=[self._on_event])

    def relations(self) -> list[str]:
        """Return the names of all tables and views that the project makes."""
        self.start()
        return [node.alias for node in self._runner.manifest.nodes.values()]

    def run(self, command: str, *options: str) -> list[NodeResult]:
        """Run a command such as `build`; return what became of each node.

        Raises:
            BadDataError: a test failed, or a log cannot be read.
            DbtError: anything else went wrong.

        """
        self.start()
        for node in self._runner.manifest.nodes.values():
            # Else dbt would not put ephemeral models into what an earlier command has compiled.
            if node.resource_type != "seed":
                node.extra_ctes_injected, node.extra_ctes = False, []
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # noqa: PLC0415 - slow

        self._errors.clear()
        try:
            outcome = self._invoke(self._runner, *command.split(), *options)
        finally:
            # dbt would keep the warehouse open.
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        if outcome.exception is not None:
            raise DbtError(_first_lines(str(outcome.exception)))
        results = [
            NodeResult(
                result.node.name,
                str(result.status),
                result.execution_time or 0.0,
                getattr(result, "message", "") or "",
                kind=str(result.node.resource_type),
            )
            for result in getattr(outcome.result, "results", [])
        ]
        if not outcome.success and not command.startswith("source"):
            _raise_failure(results, self._errors)
        return results

    def _invoke(self, runner: Any, *command: str) -> Any:  # noqa: ANN401 - dbt has no types of its own
        os.environ.update(self.environment)
        logs = ["--log-level", "info" if self.verbose else "none", "--log-level-file", "info"]
        places = ["--project-dir", str(ROOT), "--profiles-dir", str(ROOT), "--target", "duckdb"]
        for option, folder in {"--target-path": "target", "--log-path": "logs"}.items():
            places += [option, str(self.artifacts / folder)]
        outcome = runner.invoke([*logs, *command, *places, "--vars", self.variables])
        if outcome.exception is not None and not isinstance(outcome.exception, Exception):
            raise outcome.exception  # such as Ctrl-C
        return outcome

    def _on_event(self, event: Any) -> None:  # noqa: ANN401 - dbt's events have no types of their own
        if event.info.name == _ERROR:
            self._errors.append(event.info.msg)
        if event.info.name in _RESULTS:
            node = getattr(event.data, "node_info", None)
            seconds = float(getattr(event.data, "execution_time", 0.0))
            name = node.node_name if node else ""
            of = getattr(event.data, "num_models", 0) or getattr(event.data, "total", 0)
            self.report(NodeResult(name, str(event.data.status), seconds, number=event.data.index, of=of))


def compile_macros(project: Any) -> None:  # noqa: ANN401 - dbt has no types of its own
    """Compile all macros, for runs that are forked from this process: else each run does it."""
    from dbt_common.clients.jinja import template_cache  # noqa: PLC0415 - slow

    for macro in project.macros.values():
        template_cache.get_node_template(macro)


def _raise_failure(results: Sequence[NodeResult], errors: Sequence[str]) -> None:
    """Raise what the failed nodes amount to.

    What goes wrong in an ephemeral model is in dbt's `errors` only.
    """
    failed = [
        f"test {result.name} failed: {_first_lines(result.message)}"
        for result in results
        if result.status == "fail"
    ]
    broken = [
        f"{result.name}: {_first_lines(result.message)}" for result in results if result.status == "error"
    ]
    if any("referenced ephemeral model" in text for text in broken) or not (broken or failed):
        broken = [_first_lines(error) for error in errors] or ["dbt failed without naming a model"]
    in_logs = [text for text in broken if any(sign in text.lower() for sign in _DATA_ERRORS)]
    if broken and not in_logs:
        raise DbtError("\n".join(broken))
    raise BadDataError("\n".join(failed + in_logs))


def _first_lines(text: str) -> str:
    """Return dbt's message without its last lines, which say where its code is."""
    lines = [line.strip() for line in text.strip().splitlines()]
    kept = [
        line for line in lines if line and not line.startswith(("> in macro", "> called by", "compiled code"))
    ]
    return " ".join(kept[:4])
