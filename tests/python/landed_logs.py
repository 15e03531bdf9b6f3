"""Logs in files or tables, and a process that builds their deliveries again and again."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import forked
import incremental_worker


@dataclass
class Builder:
    """A process that builds from the logs in one place, see incremental_worker.build_often()."""

    folder: Path
    variables: dict[str, object]

    def __post_init__(self) -> None:
        """Start the process."""
        self.requests, other_end = forked.CONTEXT.Pipe()
        arguments = (self.folder, json.dumps(self.variables), other_end)
        self.process = forked.process(incremental_worker.build_often, arguments, daemon=True)
        self.process.start()
        other_end.close()

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()


@dataclass(frozen=True)
class Log:
    """Logs in files or in tables, and the warehouse that runs keep up to date with them."""

    place: Path
    file: Path
    builder: Builder

    def run(self, *selection: str) -> bool:
        """Build the deliveries, or what is selected; tell whether it succeeded."""
        self.builder.requests.send((self.file, selection or ("+delivery_counts",)))
        return bool(self.builder.requests.recv())

    def query(self, query: str) -> list[tuple[object, ...]]:
        """Return what a query finds in the warehouse."""
        with duckdb.connect(str(self.file)) as connection:
            return connection.execute(query).fetchall()

    def ids(self) -> list[object]:
        """Return the ids of the events that are there."""
        query = (
            "select event_id from staging.base_event_deliveries where withdrawn_batch_id is null order by all"
        )
        return [row[0] for row in self.query(query)]

    def let_macros_change(self) -> None:
        """Make what has landed look like what an earlier release landed."""
        with duckdb.connect(str(self.file)) as connection:
            connection.execute(
                "update internal.model_progress "
                "set generation = regexp_replace(generation, ' .*', ' old/x y') "
                "where model = 'landed_parts'"
            )


@contextmanager
def file_builder(folder: Path) -> Iterator[Builder]:
    """Start a process that builds from files below a folder; all rejected rows are let pass."""
    builder = Builder(folder, {"raw_path": str(folder / "raw"), "max_rejected_share": 1})
    yield builder
    builder.stop()


def logs_in_files(builder: Builder, warehouse: Path) -> Log:
    """Return logs without files, and a warehouse that is not there yet."""
    place = builder.folder / "raw"
    shutil.rmtree(place, ignore_errors=True)
    for log in ("factory_events", "factory_metrics"):
        (place / log).mkdir(parents=True)
    return Log(place, warehouse, builder)
