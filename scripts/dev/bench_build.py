"""Time `dbt build` on generated logs against a plain DuckDB scan of the same columns.

Prints both times and their ratio; absolute times differ from machine to machine.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

import _path  # noqa: F401
from factory_metrics.project import ROOT

LOGS = ("factory_events", "factory_metrics")
AS_OF = "2026-06-30T12:00:00Z"


def main() -> int:
    """Generate the logs, scan them, build them, and print the ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--events", type=int, default=10_000_000, help="rows of factory_events (default: 10 million)"
    )
    parser.add_argument("--memory", default="8GB", help="memory limit of DuckDB in the build (default: 8GB)")
    parser.add_argument("--logs", type=Path, help="logs that are there already, instead of generated ones")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="factory-bench-") as folder:
        logs = arguments.logs or generated_logs(Path(folder) / "logs", arguments.events)
        scan_seconds = scan(logs)
        build_seconds = build(logs, Path(folder), arguments.memory)
    peak_gb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024 / 1024
    print(f"plain scan  {scan_seconds:8.1f} s")
    print(f"dbt build   {build_seconds:8.1f} s, peak memory {peak_gb:.1f} GB, limit {arguments.memory}")
    print(f"ratio       {build_seconds / scan_seconds:8.1f}")
    return 0


def generated_logs(folder: Path, events: int) -> Path:
    """Write logs with the given number of events and return their folder."""
    command = [sys.executable, "scripts/dev/generate_logs.py", "logs", "--out", str(folder)]
    command += ["--events", str(events), "--end", AS_OF]
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 our own script
    return folder


def scan(logs: Path) -> float:
    """Return the seconds that DuckDB takes to read every value of both logs once."""
    start = time.perf_counter()
    with duckdb.connect() as connection:
        for log in LOGS:
            files = f"read_parquet('{logs}/{log}/*.parquet')"
            columns = connection.execute(f"describe select * from {files}").fetchall()  # noqa: S608 our own folder
            # A hash reads a value, and cannot be answered from the file's statistics.
            hashes = ", ".join(f'bit_xor(hash("{name}"))' for name, *_ in columns)
            connection.execute(f"select {hashes} from {files}").fetchall()  # noqa: S608 our own folder
    return time.perf_counter() - start


def build(logs: Path, folder: Path, memory: str) -> float:
    """Return the seconds that `dbt build`, data tests included, takes on a new warehouse."""
    environment = os.environ | {
        "FACTORY_WAREHOUSE": str(folder / "factory.duckdb"),
        "FACTORY_MEMORY_LIMIT": memory,
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs-of-dbt"),
    }
    variables = json.dumps({"raw_path": str(logs.resolve()), "as_of": AS_OF})
    dbt = Path(sys.executable).with_name("dbt")
    command = [str(dbt), "build", "--selector", "without_unit_tests", "--vars", variables]
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, check=True)  # noqa: S603
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
