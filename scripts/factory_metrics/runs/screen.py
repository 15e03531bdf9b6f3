"""Show on the terminal how far a build is."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from factory_metrics.runs.dbt_runs import NodeResult


@contextmanager
def build_progress(title: str) -> Iterator[Callable[[NodeResult], None]]:
    """Yield what is to be called with each node that is done; a terminal shows a bar."""
    if not sys.stderr.isatty():
        print(f"{title} ...", file=sys.stderr, flush=True)
        yield lambda _node: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[node]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, node="starting dbt")
        yield lambda node: bar.update(task, completed=node.number, total=node.of, node=node.name)
