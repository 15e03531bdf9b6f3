"""Write documents as files, one folder per org, with a manifest of their checksums.

    <out>/<org>/<metric type>/<time range>.json
    <out>/manifest.json

A reader never sees half a file: each is written beside its place, then moved there. The manifest comes last;
until then, the one of the run before stays.
"""
# Names of files are text here, as a Path for each would take a sixth of the time.
# ruff: noqa: PTH103, PTH105, PTH108, PTH120, PTH123

import fcntl
import glob
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

import duckdb
import msgspec
from msgspec import Struct

from factory_metrics.contract import METRIC_TYPES
from factory_metrics.documents import Mart, read_documents
from factory_metrics.settings import UserError
from factory_metrics.warehouse import check_marts

MANIFEST = "manifest.json"

# Orgs are done in pages, as DuckDB keeps all of what it sorts. A page costs a scan of the mart's `org_id`,
# and of the whole mart when its rows are in no order.
_PAGE_ORGS = 1000
_LONGEST_NAME = 255
# `+` is in no folder's name that is not cut, so no org's folder can be in the way.
_TEMPORARY = "+tmp"
# A file in a manifest, one a line. Nothing else is ever removed, and nothing outside the folder.
_ENTRY = r'^("([\w.~%+-]*[\w~%+-][\w.~%+-]*/[a-z]+/\d+d\.json)": "[0-9a-f]{64}"),?$'


class Selection(Struct, frozen=True, rename="camel"):
    """What to serialize: these orgs, metric types and time ranges; None stands for all."""

    orgs: list[str] | None = None
    metric_types: list[str] | None = None
    time_ranges: list[str] | None = None

    def marts(self, time_ranges: Sequence[str]) -> list[Mart]:
        """Return the selected marts, when `time_ranges` are all that there are."""
        return [
            Mart(metric_type, time_range)
            for metric_type in METRIC_TYPES
            for time_range in time_ranges
            if (self.metric_types is None or metric_type in self.metric_types)
            and (self.time_ranges is None or time_range in self.time_ranges)
        ]


class Summary(Struct):
    """What a run did: numbers of documents."""

    written: int = 0
    unchanged: int = 0
    removed: int = 0


def folder_name(org: str) -> str:
    """Return the name of an org's folder; different orgs have different ones.

    It is the org, percent-encoded but for `A-Z a-z 0-9 _ . - ~`. Dots are encoded as well in a name that
    would mean something else (`.`, `..`, `manifest.json`). A name longer than file systems take (255 bytes)
    is cut and ends in `+` and the SHA-256 of the org.
    """
    name = quote(org, safe="")
    if name == MANIFEST or not name.strip("."):
        name = name.replace(".", "%2E")
    if len(name) > _LONGEST_NAME:
        end = f"+{sha256(org.encode()).hexdigest()}"
        name = name[: _LONGEST_NAME - len(end)] + end
    return name


def write_documents(
    warehouse: duckdb.DuckDBPyConnection,
    out: Path,
    marts: Sequence[Mart],
    selection: Selection,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> Summary:
    """Write the documents of the marts and the manifest into the folder `out`.

    Files that are right already are left alone. With nothing selected, the files that the earlier manifest
    lists and this run does not have are removed; with a selection they stay, and are listed as `kept`.
    `progress` is called now and then with the numbers of documents done and to do. Memory does not depend on
    the number of orgs, but for what DuckDB caches of the warehouse's file.

    Raises:
        UserError: the marts do not fit, an org is unknown, or another run writes to `out`.
        OSError: a file cannot be written.

    """
    as_of = check_marts(warehouse, marts)
    org_count = _count_orgs(warehouse, marts[0], selection.orgs)
    total = org_count * len(marts)
    everything = selection == Selection()
    header = {
        "asOf": as_of and f"{as_of.isoformat()}Z",
        "selection": None if everything else selection,
        "orgs": org_count,
        "documents": total,
    }
    summary = Summary()

    def entries() -> Iterator[str]:
        for page in _org_pages(warehouse, marts[0], selection.orgs):
            yield from _write_page(warehouse, out, marts, page, summary)
            progress(summary.written + summary.unchanged, total)

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"cannot make the folder {out} ({error.strerror}): name one that you may write"
        raise UserError(message) from error
    with _only_run(out), replacing(out / MANIFEST) as manifest:
        manifest.write(msgspec.json.encode(header).removesuffix(b"}") + b',"files":')
        _write_object(manifest, entries())
        manifest.flush()
        earlier = _earlier_entries(warehouse, out / MANIFEST, Path(manifest.name))
        # Before the new manifest is in place: else a run that ends here would forget them.
        if everything:
            for _, path in earlier:
                summary.removed += _remove(out, path)
        else:
            manifest.write(b',"kept":')
            _write_object(manifest, (entry for entry, _ in earlier))
        manifest.write(b"}\n")
    return summary


def _count_orgs(warehouse: duckdb.DuckDBPyConnection, mart: Mart, orgs: Sequence[str] | None) -> int:
    """Return how many orgs there are, or how many are selected; those must exist."""
    all_orgs = f'main."aggregate_{mart.time_range}"'
    if orgs is None:
        ((count,),) = warehouse.execute(f"SELECT count(*) FROM {all_orgs}").fetchall()  # noqa: S608
        return int(count)
    for org in orgs:
        if not warehouse.execute(f"SELECT 1 FROM {all_orgs} WHERE org_id = ?", [org]).fetchall():  # noqa: S608
            message = f"there is no org {org!r} in the warehouse; letter case matters"
            raise UserError(message)
    return len(orgs)


def _org_pages(
    warehouse: duckdb.DuckDBPyConnection, mart: Mart, orgs: Sequence[str] | None
) -> Iterator[list[str]]:
    """Yield the orgs by code point: neighbours in one page, selected ones on a page of their own."""
    if orgs is None:
        query = f'SELECT org_id FROM main."aggregate_{mart.time_range}" ORDER BY org_id'  # noqa: S608
        rows = warehouse.cursor().execute(query)
        while page := rows.fetchmany(_PAGE_ORGS):
            yield [org for (org,) in page]
    else:
        yield from ([org] for org in sorted(orgs))


def _write_page(
    warehouse: duckdb.DuckDBPyConnection, out: Path, marts: Sequence[Mart], page: list[str], summary: Summary
) -> list[str]:
    """Write the documents of a page of orgs; return their entries in the manifest, ordered by org."""
    folders = {org: folder_name(org) for org in page}
    entries: dict[str, list[str]] = {org: [] for org in page}
    for mart in marts:
        for org, document in read_documents(warehouse, mart, page[0], page[-1]):
            path = f"{folders[org]}/{mart.metric_type}/{mart.time_range}.json"
            if _write(f"{out}/{path}", document):
                summary.written += 1
            else:
                summary.unchanged += 1
            entries[org].append(f'"{path}": "{sha256(document).hexdigest()}"')
    return list(chain.from_iterable(entries.values()))


def _write(path: str, content: bytes) -> bool:
    """Write a file unless it has that content already; return whether it was written."""
    with suppress(FileNotFoundError), open(path, "rb", buffering=0) as file:
        if file.read() == content:
            return False
    with replacing(path) as file:
        file.write(content)
    return True


@contextmanager
def replacing(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` when all went well, and leaves no trace when not."""
    temporary = f"{path}{_TEMPORARY}"
    try:
        try:
            file = open(temporary, "wb")  # noqa: SIM115 - closed below
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path))
            file = open(temporary, "wb")  # noqa: SIM115 - closed below
        with file:
            yield file
        os.replace(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _write_object(file: BinaryIO, entries: Iterable[str]) -> None:
    """Write a JSON object, one entry a line."""
    file.write(b"{")
    file.writelines(f"{',' if number else ''}\n{entry}".encode() for number, entry in enumerate(entries))
    file.write(b"\n}")


def _earlier_entries(
    warehouse: duckdb.DuckDBPyConnection, earlier: Path, current: Path
) -> Iterator[tuple[str, str]]:
    """Yield entry and path of the files that the earlier manifest lists and the current one does not."""
    if not earlier.exists():
        return
    # DuckDB, because it does with little memory what a set of millions of paths would not.
    entries = """
        SELECT regexp_extract(line, $entry, 1) AS entry, regexp_extract(line, $entry, 2) AS path
        FROM read_csv(
            {}, columns = {{'line': 'VARCHAR'}}, delim = '\x01', quote = '', escape = '', header = false,
            auto_detect = false, ignore_errors = true
        )
        WHERE regexp_matches(line, $entry)
    """
    rows = warehouse.cursor().execute(
        f"""
            FROM ({entries.format("$earlier")}) ANTI JOIN ({entries.format("$current")}) USING (path)
            ORDER BY path
        """,
        {"entry": _ENTRY, "earlier": glob.escape(str(earlier)), "current": glob.escape(str(current))},
    )
    while row := rows.fetchone():
        yield row


def _remove(out: Path, path: str) -> bool:
    """Remove a document and the folders that this leaves empty; return whether it was there."""
    document = out / path
    try:
        document.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    for folder in list(document.parents)[:2]:
        with suppress(OSError):
            folder.rmdir()
    return True


@contextmanager
def _only_run(out: Path) -> Iterator[None]:
    """Keep other runs from writing to the same folder."""
    handle = os.open(out, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = f"another run is writing to {out}: try again when it is done"
            raise UserError(message) from error
        yield
    finally:
        os.close(handle)
