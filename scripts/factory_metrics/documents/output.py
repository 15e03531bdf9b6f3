"""Write documents as files, one folder per org, with a manifest of their checksums.

    <out>/<org>/<metric type>/<time range>.json
    <out>/manifest.json

A reader never sees half a file: each is written beside its place, then moved there. The manifest comes last;
until then, the manifest of the run before stays.
"""
# ruff: noqa: PTH116 - names of files are text here, as a Path for each would take a sixth of the time

from __future__ import annotations

import glob
import os
import re
import stat
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Struct

from factory_metrics.documents.contract import METRIC_TYPES
from factory_metrics.documents.document_files import only_run, remove, replacing, write_org
from factory_metrics.documents.known_documents import KnownDocument, KnownDocuments, hashed_rows
from factory_metrics.documents.marts import Mart, read_documents, read_unknown_cost_runs
from factory_metrics.documents.warehouse import check_marts
from factory_metrics.failures import full_disk_named
from factory_metrics.project import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import duckdb

_Result = TypeVar("_Result")
# Hashes of an org's rows in each mart.
_Rows = list[int | None]

MANIFEST = "manifest.json"

# Orgs are done in pages, as DuckDB keeps all of what it sorts. A page costs a scan of the mart's `org_id`,
# and of the whole mart when its rows are in no order.
_PAGE_ORGS = 1000
_LONGEST_NAME = 255
# Making a file is the system's work more than Python's, so that several threads make more of them.
_WRITERS = 2
# A file in a manifest, one a line. Nothing else is ever removed, and nothing outside the folder.
_LISTED = re.compile(rb'^"([^"]+)": "[0-9a-f]{64}"')
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

    It is the org, percent-encoded except `A-Z a-z 0-9 _ . - ~`. Dots are encoded as well in a name that
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


def write_documents(  # noqa: PLR0913 - the last two are seldom given
    warehouse: duckdb.DuckDBPyConnection,
    out: Path,
    marts: Sequence[Mart],
    selection: Selection,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
    *,
    known: Path | None = None,
) -> Summary:
    """Write the documents of the marts and the manifest into the folder `out`.

    Files that are right already are left alone. With nothing selected, the files that the earlier manifest
    lists and this run does not have are removed; with a selection they stay, and are listed as `kept`.
    `known` is a file that remembers what documents were made from, see `known_documents.py`: those that are
    right are not made again. Where it is not given, and with a selection, each is made and compared.
    `progress` is called now and then with the numbers of documents done and to do. Memory does not depend on
    the number of orgs, except for what DuckDB caches of the warehouse's file.

    Raises:
        UserError: the marts do not fit, an org is unknown, another run writes to `out`, or its disk is full.
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

    def entries(known_documents: KnownDocuments) -> Iterator[str]:
        pages = (
            _read_page(warehouse, out, marts, page, known_documents)
            for page in _org_pages(warehouse, marts, selection.orgs)
        )
        for written, org in _in_background(lambda org: org.write(out), pages):
            summary.written += written
            summary.unchanged += len(marts) - written
            progress(summary.written + summary.unchanged, total)
            documents = {path: org.known[path] for path in org.rows}
            known_documents.note(org.name, [*documents.values()])
            yield from (f'"{org.folder}/{path}": "{of.checksum}"' for path, of in documents.items())

    try:
        with full_disk_named(out):
            out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"cannot make the folder {out} ({error.strerror}): name one that you may write"
        raise UserError(message) from error
    with (
        full_disk_named(out),
        only_run(out),
        replacing(out / MANIFEST) as manifest,
        KnownDocuments.of(known if everything else None, marts) as known_documents,
    ):
        manifest.write(msgspec.json.encode(header).removesuffix(b"}"))
        unknown = _unknown_cost_runs(warehouse, marts, selection)
        if first := next(unknown, None):
            manifest.write(b',"unknownCostRuns":')
            _write_object(manifest, chain([first], unknown))
        manifest.write(b',"files":')
        _write_object(manifest, entries(known_documents))
        manifest.flush()
        listed = _earlier_entries(warehouse, out / MANIFEST, Path(manifest.name))
        # Before the new manifest is in place: else a run that ends here would forget them.
        if everything:
            for _, path in listed:
                summary.removed += remove(out, path)
        else:
            manifest.write(b',"kept":')
            _write_object(manifest, (entry for entry, _ in listed))
        manifest.write(b"}\n")
    return summary


def _unknown_cost_runs(
    warehouse: duckdb.DuckDBPyConnection, marts: Sequence[Mart], selection: Selection
) -> Iterator[str]:
    """Yield an entry of the manifest for each org and range with runs of unknown cost."""
    for time_range in dict.fromkeys(mart.time_range for mart in marts):
        for org, runs in read_unknown_cost_runs(warehouse, time_range, selection.orgs):
            yield f'"{folder_name(org)}/{time_range}": {runs}'


def documents_are_there(out: Path) -> bool:
    """Tell whether all files are there that the manifest lists, none of them empty."""
    with (out / MANIFEST).open("rb") as lines:
        found = (_LISTED.match(line) for line in lines)
        return all(_is_file(f"{out}/{match[1].decode()}") for match in found if match)


def _is_file(path: str) -> bool:
    try:
        status = os.stat(path)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_size > 0


def _in_background(work: Callable[[_Org], _Result], pages: Iterable[list[_Org]]) -> Iterator[_Result]:
    """Do the work while the next page is read; yield the results in order."""
    pool = ThreadPoolExecutor(_WRITERS)
    try:
        waiting: list[Future[_Result]] = []
        for page in pages:
            doing = [pool.submit(work, org) for org in page]
            yield from (future.result() for future in waiting)
            waiting = doing
        yield from (future.result() for future in waiting)
    finally:
        pool.shutdown(cancel_futures=True)


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
    warehouse: duckdb.DuckDBPyConnection, marts: Sequence[Mart], orgs: Sequence[str] | None
) -> Iterator[list[tuple[str, _Rows]]]:
    """Yield the orgs by code point: neighbours in one page, selected ones on a page of their own.

    Each comes with the hashes of its rows in each mart, selected ones without.
    """
    if orgs is None:
        rows = warehouse.cursor().execute(hashed_rows(marts))
        while page := rows.fetchmany(_PAGE_ORGS):
            yield page
    else:
        unknown: _Rows = [None] * len(marts)
        yield from ([(org, unknown)] for org in sorted(orgs))


def _read_page(
    warehouse: duckdb.DuckDBPyConnection,
    out: Path,
    marts: Sequence[Mart],
    page: list[tuple[str, _Rows]],
    known: KnownDocuments,
) -> list[_Org]:
    """Read the documents of a page of orgs, except those known to be right."""
    paths = [f"{mart.metric_type}/{mart.time_range}.json" for mart in marts]
    orgs = {}
    for name, rows in page:
        org = orgs[name] = _Org(name, folder_name(name), dict(zip(paths, rows, strict=True)))
        files = [f"{out}/{org.folder}/{path}" for path in paths]
        right = zip(paths, known.right(name, rows, files), strict=True)
        org.known = {path: document for path, document in right if document}
    for mart, path in zip(marts, paths, strict=True):
        wanted = [name for name, org in orgs.items() if path not in org.known]
        selected = None if len(wanted) == len(page) else wanted
        for name, document in (
            read_documents(warehouse, mart, wanted[0], wanted[-1], selected) if wanted else ()
        ):
            orgs[name].documents[path] = document
    return list(orgs.values())


@dataclass
class _Org:
    """An org: its folder, hashes of its rows, the documents to write, and what is known of all; by path."""

    name: str
    folder: str
    rows: dict[str, int | None]
    documents: dict[str, bytes] = field(default_factory=dict)
    known: dict[str, KnownDocument] = field(default_factory=dict)

    def write(self, out: Path) -> tuple[int, _Org]:
        """Write the documents; return how many were not there so, and the org."""
        if not self.documents:
            return 0, self
        written, states = write_org(str(out), self.folder, self.documents)
        for (path, document), state in zip(self.documents.items(), states, strict=True):
            self.known[path] = KnownDocument(self.rows[path], state, sha256(document).hexdigest())
        self.documents.clear()  # which would wait for the page
        return written, self


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
    # DuckDB, because it does with little memory what a set of millions of paths would not. Most lines are in
    # both, so that few have to be looked at.
    lines = """
        SELECT rtrim(line, ',') AS line
        FROM read_csv(
            {}, columns = {{'line': 'VARCHAR'}}, delim = '\x01', quote = '', escape = '', header = false,
            auto_detect = false, ignore_errors = true, strict_mode = false, hive_partitioning = false
        )
    """
    rows = warehouse.cursor().execute(
        f"""
            WITH earlier AS ({lines.format("$earlier")}),
            current AS ({lines.format("$current")})
            SELECT regexp_extract(line, $entry, 1) AS entry, regexp_extract(line, $entry, 2) AS path
            FROM earlier ANTI JOIN current USING (line)
            WHERE regexp_matches(line, $entry)
            AND path NOT IN (SELECT split_part(line, '"', 2) FROM current)
            ORDER BY path
        """,  # noqa: S608 - no value in it
        {"entry": _ENTRY, "earlier": glob.escape(str(earlier)), "current": glob.escape(str(current))},
    )
    while row := rows.fetchone():
        yield row
