"""Time scripts/refresh.py on generated logs: a full build, runs with 1% and few new rows, and one without.

    .venv/bin/python scripts/dev/bench_refresh.py --events 1000000 10000000
    .venv/bin/python scripts/dev/bench_refresh.py --events 100000000 --folder /data/bench
    .venv/bin/python scripts/dev/bench_refresh.py --events 1000000 --staying 3

Prints ratios: the full build against bench_peer.sql, a hand-written DuckDB script that makes the same tables;
runs with new rows against the full build; and the cost per event of each size against the first. The
marts of build and script are compared, too. With `--staying` it times only runs with few new rows: by a
command that stays, and by one for each. Absolute times differ from machine to machine.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import duckdb

import _path  # noqa: F401
from factory_metrics.documents.output import Selection
from factory_metrics.project import ROOT, time_ranges
from factory_metrics.runs import run_history
from factory_metrics.runs.publishing import Home
from factory_metrics.synthetic.generator import default_orgs

END = datetime(2026, 6, 30, 12, tzinfo=UTC)
FEW = 1000
DBT = Path(sys.executable).with_name("dbt")


@dataclass
class Timing:
    """Seconds and peak memory (GB) of a process, and of a run its steps."""

    seconds: float
    memory_gb: float
    steps: dict[str, float] = field(default_factory=dict)


@dataclass
class Bench:
    """What one size is measured with."""

    events: int
    days: int
    memory: str
    folder: Path

    @property
    def logs(self) -> Path:
        """The folder of the logs."""
        return self.folder / "logs"

    @property
    def home(self) -> Home:
        """The home that is refreshed."""
        return Home(self.folder / "home")

    def generate(self, events: int, *period: str) -> None:
        """Make logs, unless the logs of the period are there from an earlier try."""
        command = [sys.executable, "scripts/dev/generate_logs.py", "logs", "--out", str(self.logs), *period]
        command += ["--orgs", str(default_orgs(self.events)), "--events", str(events)]
        subprocess.run(command, cwd=ROOT, check=False, stderr=subprocess.DEVNULL)  # noqa: S603 our own script

    def forget_new(self) -> None:
        """Remove the logs of what came after the full build."""
        for path in self.logs.rglob("*Z-*"):
            if path.name >= f"{END:%Y%m%dT%H%M%SZ}":
                path.unlink()

    def refresh(self, as_of: datetime) -> Timing:
        """Run the scheduler's command."""
        timing = timed(self.command(as_of), {"FACTORY_MEMORY_LIMIT": self.memory}, accepted=(0, 3))
        print(f"  {timing.seconds:.1f} s, {timing.memory_gb:.1f} GB", flush=True)
        timing.steps = run_history.read(self.home.runs)[-1].steps
        return timing

    def command(self, as_of: datetime) -> list[str]:
        """Return the scheduler's command; documents have a benchmark of their own."""
        command = [sys.executable, "scripts/refresh.py", "--home", str(self.home.folder), "--no-documents"]
        return [*command, "--vars", json.dumps({"raw_path": str(self.logs)}), "--as-of", as_of.isoformat()]

    def peer(self) -> Timing:
        """Run the hand-written script, and the marts' compiled SQL, on a database of their own."""
        command = [sys.executable, __file__, "--peer", str(self.folder), "--memory", self.memory]
        return timed(command, {}, accepted=(0,))


def timed(command: list[str], environment: dict[str, str], accepted: tuple[int, ...]) -> Timing:
    """Run a command in a process whose children's peak memory is measured alone."""
    program = (
        "import json, resource, subprocess, sys, time; t = time.monotonic(); "
        "code = subprocess.run(sys.argv[1:], stdout=2).returncode; "
        "memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss; "
        "print(json.dumps([code, time.monotonic() - t, memory]))"
    )
    result = subprocess.run(  # noqa: S603 our own scripts
        [sys.executable, "-c", program, *command],
        cwd=ROOT,
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    code, seconds, kilobytes = json.loads(result.stdout)
    if code not in accepted:
        sys.exit(f"{' '.join(command)} failed:\n{result.stderr}")
    return Timing(seconds, kilobytes / 1024 / 1024)


def run_peer(folder: Path, memory: str) -> None:
    """Make all tables with the script, then the marts with the SQL that dbt would run."""
    statements = (Path(__file__).with_name("bench_peer.sql")).read_text(encoding="utf-8")
    statements = statements.format(logs=folder / "logs", as_of=f"{END:%Y-%m-%d %H:%M:%S}")
    database = folder / "peer" / "warehouse.duckdb"
    database.unlink(missing_ok=True)
    settings = {"memory_limit": memory, "preserve_insertion_order": "false", "TimeZone": "UTC"}
    with duckdb.connect(str(database)) as connection:
        for name, value in settings.items():
            connection.execute(f"set {name} = '{value}'")
        for statement in duckdb.extract_statements(statements):
            connection.execute(statement)
        for path in sorted((folder / "peer" / "target").rglob("models/marts/*/*.sql")):
            connection.execute(f'create table "{path.stem}" as {path.read_text(encoding="utf-8")}')


def compile_marts(folder: Path) -> None:
    """Let dbt write the marts' SQL, which is not part of what is timed."""
    peer = folder / "peer"
    peer.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"FACTORY_WAREHOUSE": str(peer / "warehouse.duckdb")}
    command = [str(DBT), "compile", "--select", "path:models/marts", "--target-path", str(peer / "target")]
    command += ["--log-path", str(peer / "logs"), "--quiet"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)  # noqa: S603


def keep_marts(database: Path, marts: Path) -> Path:
    """Copy the marts into a file of their own, and return it."""
    marts.unlink(missing_ok=True)
    with duckdb.connect(str(marts)) as connection:
        connection.execute(f"attach '{database}' as warehouse (read_only)")
        for mart in Selection().marts(time_ranges()):
            connection.execute(f'create table "{mart.name}" as from warehouse.main."{mart.name}"')
    return marts


def different_marts(found: Path, expected: Path) -> list[str]:
    """Return the marts that are not the same in both files."""
    different = []
    with duckdb.connect() as connection:
        connection.execute(
            f"attach '{found}' as found (read_only); attach '{expected}' as expected (read_only)"
        )
        for mart in Selection().marts(time_ranges()):
            tables = [f'from {place}.main."{mart.name}"' for place in ("found", "expected")]
            for one, other in (tables, tables[::-1]):
                if connection.execute(f"{one} except all {other} limit 1").fetchall():
                    different.append(mart.name)
    return sorted(set(different))


def measure(bench: Bench) -> dict[str, Timing]:
    """Measure everything for one size."""
    later = END + timedelta(days=bench.days) / 100
    shutil.rmtree(bench.home.folder, ignore_errors=True)
    bench.forget_new()  # of an earlier try
    bench.generate(bench.events, "--end", END.isoformat(), "--days", str(bench.days))
    timings = {"full build": bench.refresh(END)}
    first_version = bench.home.published.resolve()
    bench.generate(bench.events // 100, "--start", END.isoformat(), "--end", later.isoformat())
    timings["1% new rows"] = bench.refresh(later)
    at_last = later + timedelta(days=1)
    bench.generate(FEW, "--start", later.isoformat(), "--end", at_last.isoformat())
    timings["few new rows"] = bench.refresh(at_last)
    timings["nothing new"] = bench.refresh(at_last)
    # The peer needs the space.
    marts = keep_marts(first_version, bench.folder / "marts.duckdb")
    shutil.rmtree(bench.home.folder)
    bench.forget_new()
    compile_marts(bench.folder)
    timings["peer"] = bench.peer()
    different = different_marts(marts, bench.folder / "peer" / "warehouse.duckdb")
    print(f"marts that differ from the peer's: {', '.join(different) or 'none'}", flush=True)
    return timings


def measure_staying(bench: Bench, rounds: int) -> None:
    """Print how long runs with few new rows take, by a command for each and by one that stays."""
    shutil.rmtree(bench.home.folder, ignore_errors=True)
    bench.forget_new()
    bench.generate(bench.events, "--end", END.isoformat(), "--days", str(bench.days))
    as_of = END + timedelta(days=2 * rounds)
    bench.refresh(as_of)
    more = Bench(bench.events, bench.days, bench.memory, bench.folder / "more")
    shutil.rmtree(more.folder, ignore_errors=True)

    def add_few(day: datetime) -> None:
        more.generate(FEW, "--start", day.isoformat(), "--end", (day + timedelta(days=1)).isoformat())
        for file in more.logs.rglob("*.parquet"):  # all at once, for what watches
            file.rename(bench.logs / file.relative_to(more.logs))

    def wait_for_run(runs: int) -> float:
        while len(run_history.read(bench.home.runs)) <= runs:
            time.sleep(0.1)
        return run_history.read(bench.home.runs)[runs].seconds

    days = [END + timedelta(days=day) for day in range(2 * rounds)]
    apart, staying = [], []
    for day in days[:rounds]:
        add_few(day)
        apart.append(bench.refresh(as_of).seconds)
    runs = len(run_history.read(bench.home.runs))
    environment = os.environ | {"FACTORY_MEMORY_LIMIT": bench.memory}
    command = [*bench.command(as_of), "--watch", "--every", "1h"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            wait_for_run(runs)
            for number, day in enumerate(days[rounds:], start=1):
                add_few(day)
                staying.append(wait_for_run(runs + number))
                memory = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
                resident = next(line for line in memory.splitlines() if line.startswith("VmRSS"))
                print(f"  {staying[-1]:.1f} s, staying: {resident.split(maxsplit=1)[1]}", flush=True)
        finally:
            process.terminate()
    ratio = median(staying) / median(apart)
    print(f"{FEW:,} new events on {bench.events:,}: staying / beginning for each run {ratio:.2f}")


@contextmanager
def bench_folder(folder: Path | None) -> Iterator[Path]:
    """Yield a folder to work in: the given one, or one that is removed afterwards."""
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="factory-bench-") as name:
        yield Path(name)


def report(events: int, timings: dict[str, Timing], first: tuple[int, dict[str, Timing]]) -> None:
    """Print the times of one size, and their ratios."""
    print(f"\n{events:,} events")
    for name, timing in timings.items():
        print(f"  {name:<12} {timing.seconds:9.1f} s   peak memory {timing.memory_gb:5.1f} GB")
    full, peer = timings["full build"].seconds, timings["peer"].seconds
    one_percent, few = timings["1% new rows"].seconds, timings["few new rows"].seconds
    print(f"  full build / peer               {full / peer:6.2f}")
    print(f"  1% new rows / full build        {one_percent / full:6.3f}")
    print(f"  {FEW:,} new events / full build   {few / full:6.3f}")
    first_events, first_timings = first
    per_event = (full / events) / (first_timings["full build"].seconds / first_events)
    print(f"  cost per event / at {first_events:,} events {per_event:6.2f}")
    for name in ("1% new rows", "few new rows", "nothing new"):
        steps = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in timings[name].steps.items())
        print(f"  {name}: {steps}")


def main() -> None:
    """Measure each size, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, nargs="+", default=[1_000_000, 10_000_000], metavar="N")
    parser.add_argument("--days", type=int, default=730, help="how long the logs are (default: %(default)s)")
    parser.add_argument("--memory", default="8GB", help="DuckDB's memory limit (default: %(default)s)")
    parser.add_argument(
        "--folder", type=Path, help="keep logs and warehouses here (default: a temporary one)"
    )
    parser.add_argument("--peer", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--staying", type=int, metavar="RUNS", help="time a command that stays")
    arguments = parser.parse_args()
    if arguments.peer:
        run_peer(arguments.peer, arguments.memory)
        return
    first: tuple[int, dict[str, Timing]] | None = None
    for events in arguments.events:
        with bench_folder(arguments.folder and arguments.folder / str(events)) as folder:
            if arguments.staying:
                measure_staying(Bench(events, arguments.days, arguments.memory, folder), arguments.staying)
                continue
            timings = measure(Bench(events, arguments.days, arguments.memory, folder))
        first = first or (events, timings)
        report(events, timings, first)


if __name__ == "__main__":
    main()
