"""Time the reading of events as pages of an API, in camelCase, against the same rows as JSON Lines.

Both are built at the same time, from the same generated rows; the ratio is printed.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

import _path  # noqa: F401
from factory_metrics.project import ROOT

PAGE_ROWS = 500


def main() -> int:
    """Write both forms, build from each, and print times and ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=200_000, help="rows (default: 200,000)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="factory-bench-") as name:
        folder = Path(name)
        write_forms(folder, arguments.events)
        processes = {form: start_build(folder / form) for form in ("lines", "pages")}
        seconds = finished(processes)
    print("\n".join(f"{form:8} {seconds[form]:6.1f} s" for form in seconds))
    print(f"ratio    {seconds['pages'] / seconds['lines']:6.2f}")
    return 0


def write_forms(folder: Path, events: int) -> None:
    """Generate events and write them in both forms; the other log is empty."""
    command = [sys.executable, "scripts/dev/generate_logs.py", "logs", "--out", str(folder / "made")]
    subprocess.run([*command, "--events", str(events)], cwd=ROOT, check=True)  # noqa: S603 our own script
    for form in ("lines", "pages"):
        for log in ("factory_events", "factory_metrics"):
            (folder / form / log).mkdir(parents=True)
    lines = folder / "lines" / "factory_events" / "events.jsonl"
    with duckdb.connect() as connection:
        made = f"read_parquet('{folder}/made/factory_events/*.parquet')"
        connection.execute(f"copy (from {made}) to '{lines}' (format json)")
    rows = [_in_camel_case(json.loads(line)) for line in lines.read_text("utf-8").splitlines()]
    for number in range(0, len(rows), PAGE_ROWS):
        page = {"events": rows[number : number + PAGE_ROWS], "nextCursor": str(number)}
        (folder / "pages" / "factory_events" / f"{number:09}.json").write_text(json.dumps(page), "utf-8")


def _in_camel_case(row: dict[str, object]) -> dict[str, object]:
    return {re.sub("_(.)", lambda letter: letter[1].upper(), name): value for name, value in row.items()}


def start_build(folder: Path) -> subprocess.Popen[bytes]:
    """Start to build the deliveries of a folder's logs."""
    variables = {"raw_path": str(folder), "max_rejected_share": 1}
    command = [
        str(Path(sys.executable).with_name("dbt")),
        "build",
        "--quiet",
        "--vars",
        json.dumps(variables),
    ]
    paths = ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    environment = os.environ | {"FACTORY_WAREHOUSE": str(folder / "factory.duckdb")}
    return subprocess.Popen(  # noqa: S603 our own command
        [
            *command,
            *paths,
            "--select",
            "+base_event_deliveries",
            "--exclude-resource-type",
            "test",
            "unit_test",
        ],
        cwd=ROOT,
        env=environment,
    )


def finished(processes: dict[str, subprocess.Popen[bytes]]) -> dict[str, float]:
    """Wait for the builds and return how long each took."""
    start = time.perf_counter()
    seconds: dict[str, float] = {}
    while len(seconds) < len(processes):
        for form, process in processes.items():
            if form not in seconds and process.poll() is not None:
                if process.returncode:
                    message = f"the build from {form} failed"
                    raise SystemExit(message)
                seconds[form] = time.perf_counter() - start
        time.sleep(0.02)
    return seconds


if __name__ == "__main__":
    sys.exit(main())
