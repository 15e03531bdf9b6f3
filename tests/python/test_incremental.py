"""However logs are cut into batches, and wherever runs end, the documents are as after one full build.

Random hostile factories are landed batch by batch, in files or in tables; files are corrected and grow; logs
that were read are cleaned up; names of stations, prices and other settings change; what is known of them
is put back from an older copy; some runs are killed part-way. Then every document and every table is
compared with a build from nothing over the same logs. Set FACTORY_TEST_SEED for other examples, and
FACTORY_TEST_EXAMPLES for more of them.
"""

import json
import os
import random
import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb
import forked
import incremental_worker
import pytest
import real_forms
import real_settings
from conftest import Warehouse
from hostile.columns import Row
from hostile.factories import random_factory
from hostile.files import write_logs
from hostile.typed import append_to_tables
from reference_rows import as_instant

AS_OF = "2026-06-30T17:45:12.345678Z"
EXAMPLES = int(os.environ.get("FACTORY_TEST_EXAMPLES", "4"))

# When and in which part of the log a row came is no fact about the factory, nor is which columns of other
# files a rejected row is kept with.
BOOKKEEPING = {"batch_id", "part_id", "withdrawn_batch_id", "record"}
NOT_COMPARED = {"landed_parts", "model_progress", "passed_rejections", "run_history"}
CONDITIONS = {
    "base_event_deliveries": "withdrawn_batch_id is null",
    "base_run_deliveries": "withdrawn_batch_id is null",
    "int_org_first_events": "first_event_at is not null",
    "redelivered_events": "deliveries > 1 and delivery_number is not null",
    "redelivered_runs": "deliveries > 1 and delivery_number is not null",
}


def run(
    target: Callable[[Path, str], None], folder: Path, variables: str, kill_after: float | None = None
) -> int:
    """Run one of the workers, and kill it after so many seconds if it still runs; return its exit code."""
    process = forked.process(target, (folder, variables))
    process.start()
    process.join(kill_after)
    if process.is_alive():
        process.kill()
        process.join()
    assert process.exitcode is not None
    return process.exitcode


def batches(rng: random.Random, rows: list[Row], count: int, order: str) -> list[list[Row]]:
    """Cut rows into batches: at random, as they were ingested (with stragglers), or the other way round."""
    cut: list[list[Row]] = [[] for _ in range(count)]
    for place, row in enumerate(sorted(rows, key=lambda row: str(row.get("ingested_at")))):
        number = place * count // len(rows)
        if order == "random" or rng.random() < 0.05:
            number = rng.randrange(count)
        cut[count - 1 - number if order == "reversed" else number].append(row)
    return cut


def edit_a_file(rng: random.Random, folder: Path) -> None:
    """Take lines out of a file of JSON lines, or add some: it is corrected, or its writer goes on."""
    path = rng.choice(sorted(folder.rglob("*.*json*")))
    lines = real_forms.lines_of(path)
    if rng.random() < 0.5:
        lines = [line for line in lines if rng.random() < 0.8]
    else:
        others = real_forms.lines_of(rng.choice(sorted(path.parent.glob("*.*json*"))))
        lines += [b"\n", *rng.sample(others, k=min(3, len(others)))]
    real_forms.write_lines(path, lines)


def differences(found: list[Path], expected: Path) -> list[str]:
    """Return the tables that differ between warehouses: the files of one together, against another."""
    problems = []
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach '{expected}' as expected (read_only)")
        places: dict[str, dict[str, str]] = {}
        for number, file in enumerate(found):
            connection.execute(f"attach '{file}' as {'history' if number else 'found'} (read_only)")
        query = (
            "select table_name, database_name, database_name || '.' || schema_name || '.' || table_name "
            "from duckdb_tables() where schema_name != 'raw'"
        )
        for table, database, name in connection.execute(query).fetchall():
            places.setdefault(table, {})[database] = name
        for table, databases in sorted(places.items()):
            if table in NOT_COMPARED:
                continue
            [place] = databases.keys() - {"expected"}
            assert "expected" in databases, table
            names = [row[0] for row in connection.execute(f"describe {databases['expected']}").fetchall()]
            columns = ", ".join(f'"{name}"' for name in names if name not in BOOKKEEPING)
            queries = [
                f"select {columns} from {databases[database]} where {CONDITIONS.get(table, 'true')}"
                for database in (place, "expected")
            ]
            for more, less, what in ((*queries, "too much"), (*reversed(queries), "too little")):
                rows = connection.execute(f"({more}) except all ({less})").fetchall()
                if rows:
                    problems.append(f"{table} has {len(rows)} rows {what}, such as {rows[0]}")
    return problems


@dataclass
class Example:
    """Logs to land, how to land them, and the warehouse that runs keep up to date."""

    folder: Path
    rng: random.Random
    in_tables: bool
    published: bool

    def __post_init__(self) -> None:
        """Choose where the logs are and how runs read them."""
        self.home = self.folder / "home"
        settings = {"as_of": AS_OF, "max_rejected_share": 1}
        settings["look_back_hours"] = self.rng.choice([0, 1, 24, 72, 1000])
        if self.in_tables:
            settings |= {"raw_database": str(self.folder / "landed.duckdb"), "raw_schema": "landing"}
        else:
            settings |= {"raw_path": str(self.folder / "raw")}
        self.variables = json.dumps(settings)
        self.is_cleaned_up = self.rng.random() < 0.5

    def land_and_run(self) -> None:
        """Land batch after batch; run, and kill runs, in between."""
        instant = as_instant(AS_OF)
        assert instant is not None
        events, runs = [], []
        for org in range(self.rng.randint(2, 8)):
            # SQL texts cannot have the character 0.
            name = f"org-{org}" if self.rng.random() < 0.8 else f"org\0{org}"
            org_events, org_runs = random_factory(self.rng, name, instant)
            events += [real_settings.with_real_contents(self.rng, row) for row in org_events]
            runs += [real_settings.with_real_contents(self.rng, row) for row in org_runs]
        count, order = self.rng.randint(2, 4), self.rng.choice(["random", "ordered", "reversed"])
        pairs = [batches(self.rng, rows, count, order) for rows in (events, runs)]
        for number, (batch_events, batch_runs) in enumerate(zip(*pairs, strict=True)):
            if self.in_tables:
                append_to_tables(self.folder / "landed.duckdb", "landing", batch_events, batch_runs)
            else:
                write_logs(self.folder / "raw", batch_events, batch_runs, self.rng, prefix=f"batch-{number}-")
                if self.rng.random() < 0.6:
                    edit_a_file(self.rng, self.folder / "raw")
            if self.rng.random() < 0.6:
                self.variables = real_settings.changed(self.rng, self.variables, self.folder / "seeds")
            while self.rng.random() < 0.4:
                self.run(kill_after=self.rng.uniform(0.2, 6))
            if number == count - 1 or self.rng.random() < 0.7:
                self.run_to_the_end()
                if number < count - 1:
                    self.clean_up() if self.is_cleaned_up else self.put_back()

    def run_to_the_end(self) -> None:
        """Run once, and do not fail."""
        # A run that was killed when it had just published leaves nothing to publish.
        assert self.run() in {0, 3}, f"a run failed, see {self.home}"

    def clean_up(self) -> None:
        """Take a file, or an hour of a table, out of the logs; restore() has it again."""
        if not self.in_tables:
            paths = sorted(path for path in (self.folder / "raw").rglob("*.*") if path.is_file())
            path = self.rng.choice(paths)
            path.rename(self.folder / f"{path.parent.name} {path.name}")
            return
        with duckdb.connect(str(self.folder / "landed.duckdb")) as connection:
            connection.execute("create table if not exists kept as from landing.factory_events limit 0")
            hours = "select distinct date_trunc('hour', ingested_at) as hour from landing.factory_events"
            hour = self.rng.choice(
                connection.execute(f"{hours} where hour is not null order by 1").fetchall()
            )
            of_hour = "from landing.factory_events where date_trunc('hour', ingested_at) = ?"
            connection.execute(f"insert into kept {of_hour}", hour)
            connection.execute(f"delete {of_hour}", hour)
        # else as many new rows could take their place
        self.run_to_the_end()

    def restore(self) -> None:
        """Put back what was cleaned up."""
        for path in self.folder.glob("factory_* *"):
            log, name = path.name.split(" ", maxsplit=1)
            path.rename(self.folder / "raw" / log / name)
        if self.in_tables and self.is_cleaned_up:
            with duckdb.connect(str(self.folder / "landed.duckdb")) as connection:
                connection.execute("create table if not exists kept as from landing.factory_events limit 0")
                connection.execute("insert into landing.factory_events from kept")

    def put_back(self) -> None:
        """Put back an older copy of what is known of the logs, or make one."""
        history, copy = self.home / "build" / "history.duckdb", self.folder / "history copy"
        if copy.exists() and self.published:
            shutil.copy(copy, history)
            history.with_name("history.duckdb.wal").unlink(missing_ok=True)
        elif self.published:
            shutil.copy(history, copy)

    def run(self, kill_after: float | None = None) -> int:
        """Run once; return the exit code."""
        target = incremental_worker.publish if self.published else incremental_worker.build
        return run(target, self.home, self.variables, kill_after)

    def problems(self) -> list[str]:
        """Return what differs from a build from nothing."""
        self.restore()
        full = Warehouse(self.folder / "full")
        assert run(incremental_worker.build, full.folder, self.variables) == 0
        if self.published:
            found = [self.home / "factory.duckdb", self.home / "build" / "history.duckdb"]
            documents = self.home / "documents"
        else:
            warehouse = Warehouse(self.home)
            found, documents = [warehouse.file], warehouse.serialize()
        return differences(found, full.file) + other_documents(documents, full.serialize())


def other_documents(found: Path, expected: Path) -> list[str]:
    """Return the documents that are not the same in both folders."""
    names = {path.relative_to(folder) for folder in (found, expected) for path in folder.rglob("*.json")}
    assert names
    return [
        f"document {name}"
        for name in sorted(names)
        if not (found / name).exists()
        or not (expected / name).exists()
        or (found / name).read_bytes() != (expected / name).read_bytes()
    ]


def example(number: int, seed: int, folder: Path) -> list[str]:
    """Land, run and kill; return what differs from a build from nothing."""
    rng = random.Random(f"{seed} incremental {number}")
    made = Example(folder, rng, in_tables=number % 3 == 2, published=number % 2 == 0)
    made.land_and_run()
    return made.problems()


@pytest.fixture(scope="module")
def results(
    pool: ThreadPoolExecutor, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> list[Future[list[str]]]:
    """Start the examples; wait for one with result()."""
    folder = tmp_path_factory.mktemp("incremental")
    folders = [folder / str(number) for number in range(EXAMPLES)]
    for path in folders:
        path.mkdir()
    return [pool.submit(example, number, seed, path) for number, path in enumerate(folders)]


@pytest.mark.parametrize("number", range(EXAMPLES))
def test_batches_end_in_the_same_as_one_full_build(
    number: int, results: list[Future[list[str]]], seed: int
) -> None:
    problems = results[number].result()
    assert not problems, f"FACTORY_TEST_SEED={seed}, example {number}:\n" + "\n".join(problems[:20])
