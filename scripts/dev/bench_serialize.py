"""Measure how fast marts become documents, on a made-up warehouse, beside plain ways to do the same.

    .venv/bin/python scripts/dev/bench_serialize.py --orgs 2000

Every org has all documents: trends of full length, up to 50 elements in the devops lists.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

import _path  # noqa: F401
from factory_metrics.documents.marts import ColumnType, Mart, ddl, read_documents
from factory_metrics.documents.output import Selection, write_documents
from factory_metrics.documents.warehouse import open_warehouse
from factory_metrics.project import time_ranges
from factory_metrics.shared_constants import STATIONS

_AS_OF = "TIMESTAMP '2026-06-30 12:00:00'"

# How many elements a list has, as SQL over the org's number `o`; the trends of costs have one per day.
_LENGTHS = {
    "cost_per_station": "6",
    "phases": "6",
    "escalation_distribution": "2",
    "override_timeline": "o % 10",
    "pipelines": "if(o % 4 = 0, 50, o % 20)",
    "deployments": "if(o % 4 = 0, 50, o % 10)",
    "incidents": "o % 5",
}


def main() -> None:
    """Make the warehouse, measure, print."""
    parser = argparse.ArgumentParser(description="Measure how fast marts become documents.")
    parser.add_argument("--orgs", type=int, default=2000, help="default: %(default)s")
    parser.add_argument(
        "--memory-of", type=Path, metavar="WAREHOUSE", help="only serialize; print peak memory"
    )
    arguments = parser.parse_args()
    orgs = arguments.orgs
    marts = Selection().marts(time_ranges())
    if arguments.memory_of:
        print(_peak_memory(arguments.memory_of, marts))
        return
    with tempfile.TemporaryDirectory(prefix="bench-serialize-") as name:
        folder = Path(name)
        file = folder / "factory.duckdb"
        make_warehouse(file, marts, orgs)
        with open_warehouse(file) as warehouse:
            _measure(warehouse, marts, folder)
        for count in (orgs, 3 * orgs):
            make_warehouse(file, marts, count)
            command = [sys.executable, __file__, "--memory-of", str(file)]
            peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - ours
            print(f"peak memory with {count:,} orgs: {peak.strip()}")


def make_warehouse(file: Path, marts: Iterable[Mart], orgs: int) -> None:
    """Make a warehouse with all marts; their values are made up, but fit the contract."""
    with duckdb.connect(str(file)) as warehouse:
        for mart in marts:
            days = mart.time_range.removesuffix("d")
            values = {name: _value(name, of, "item", days) for name, of in mart.columns().items()}
            values |= {"org_id": "'org-' || md5(o::VARCHAR)", "as_of": _AS_OF}
            items = {"station": "6", "provider": "o % 5"}.get(mart.metric_type, "1")
            columns = ", ".join(
                f'({values[name]})::{ddl(of)} AS "{name}"' for name, of in mart.columns().items()
            )
            rows = f"SELECT o, unnest(range({items})) AS item FROM range({orgs}) AS orgs(o)"  # noqa: S608
            query = f"SELECT {columns} FROM ({rows}) ORDER BY org_id"  # noqa: S608
            warehouse.execute(f'CREATE OR REPLACE TABLE "{mart.name}" AS {query}')


def _value(name: str, of: ColumnType, item: str, days: str) -> str:
    """Return SQL for a value of a column, from the org's number `o` and the item's number."""
    if isinstance(of, list):
        inner = _value(name, of[0], "i", days)
        return f"list_transform(range({_LENGTHS.get(name, days)}), lambda i: {inner})"
    if isinstance(of, dict):
        fields = (f'"{field}" := {_value(field, inner, item, days)}' for field, inner in of.items())
        return f"struct_pack({', '.join(fields)})"
    if name in {"station", "phase"}:
        return f"{[*STATIONS]}[{item} % {len(STATIONS)} + 1]"
    random = f"hash(o, {item}, '{name}')"
    return {
        "VARCHAR": "'resolved'" if name == "status" else f"'{name}-' || {random} % 1000000",
        "BIGINT": f"{random} % 100000000",
        "INTEGER": f"{item} + 1",
        "DOUBLE": f"round({random} % 10000 / 10000, 4)",  # fits rates and percentages
        "BOOLEAN": f"{item} % 20 = 0",
        "DATE": f"DATE '2026-04-02' + {item}::INTEGER",
        "TIMESTAMP": _AS_OF,
    }[of]


def _measure(warehouse: duckdb.DuckDBPyConnection, marts: list[Mart], folder: Path) -> None:
    """Print the figures, each beside a plain way's."""
    documents: list[bytes] = []
    with _timed() as encode:
        for mart in marts:
            documents += [document for _, document in read_documents(warehouse, mart, "", "~")]
    with _timed() as plain_encode:
        for mart in marts:
            rows = warehouse.execute(f'FROM "{mart.name}" ORDER BY org_id')
            names = [column[0] for column in rows.description or []]
            for row in rows.fetchall():
                json.dumps(dict(zip(names, row, strict=True)), default=str)
    _print("encoded", len(documents), encode, plain_encode, "fetchall and json.dumps")

    plain = folder / "plain"
    with _timed() as plain_write:
        for number, document in enumerate(documents):
            path = f"{plain}/{number // len(marts)}/{number % len(marts)}.json"
            if number % len(marts) == 0:
                os.makedirs(os.path.dirname(path))  # noqa: PTH103, PTH120 - the plain way is the fastest one
            with open(path, "wb") as file:  # noqa: PTH123 - as above
                file.write(document)
    with _timed() as plain_read:
        for number in range(len(documents)):
            with open(f"{plain}/{number // len(marts)}/{number % len(marts)}.json", "rb") as file:  # noqa: PTH123
                file.read()
    known = folder / "known"
    for what, baseline, beside in (
        ("written", plain_write, "open and write of the same bytes"),
        ("compared", plain_read, "open and read of the same bytes"),
        ("unchanged", plain_read, "open and read of the same bytes"),
    ):
        if what == "compared":
            known.unlink()  # as when another release wrote the documents
        if what == "unchanged":
            later = time.time() + 60  # as if time had passed since they were written
            os.utime(known, (later, later))
        with _timed() as write:
            write_documents(warehouse, folder / "out", marts, Selection(), known=known)
        _print(what, len(documents), write, baseline, beside)
    print(f"bytes per document: {sum(map(len, documents)) / len(documents):,.0f}")


@contextmanager
def _timed() -> Iterator[list[float]]:
    """Measure the seconds that the block takes, into the list's only element."""
    seconds = [0.0]
    started = time.perf_counter()
    yield seconds
    seconds[0] = time.perf_counter() - started


def _print(what: str, count: int, seconds: list[float], baseline: list[float], beside: str) -> None:
    """Print how many documents a second, and how that compares."""
    speed, plain = count / seconds[0], count / baseline[0]
    print(f"{what:>9}: {speed:8,.0f} documents/s, {speed / plain:5.2f} x {beside} ({plain:,.0f}/s)")


def _peak_memory(file: Path, marts: list[Mart]) -> str:
    """Serialize a warehouse; return the peak memory of this process (Linux)."""
    with tempfile.TemporaryDirectory(prefix="bench-serialize-") as out, open_warehouse(file) as warehouse:
        write_documents(warehouse, Path(out), marts, Selection())
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(line.split(maxsplit=1)[1] for line in status.splitlines() if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()
