"""Bring what is made from a published version up to date: the documents, and the copy in PostgreSQL."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import msgspec

from factory_metrics.documents.known_documents import writer
from factory_metrics.documents.output import MANIFEST, Selection, documents_are_there, write_documents
from factory_metrics.documents.warehouse import open_warehouse
from factory_metrics.project import time_ranges
from factory_metrics.runs.postgres_copy import Target, copy_version
from factory_metrics.runs.publishing import Home, to_disk

if TYPE_CHECKING:
    from pathlib import Path

    from factory_metrics.runs.step_log import StepLog


class _Written(msgspec.Struct):
    """What says of which version the documents in a folder are, while they are whole.

    The version is known by the start of the run that made it. Another checksum of the manifest shows that
    documents may have changed since; another `writer`, that they may be of another form.
    """

    folder: str
    run_started_at: str
    manifest: str
    writer: str


def write_version_documents(home: Home, version: int, folder: Path, log: StepLog) -> bool:
    """Write the documents of a version, unless they are all there already; tell whether any were not."""
    run = home.run_that_made(version)
    made_at = run.started_at if run else ""
    place = folder.absolute()
    # A home that is copied or moved takes its documents along.
    name = str(place.relative_to(home.folder) if place.is_relative_to(home.folder) else place)
    marker = home.build / "documents.json"
    if _known(marker, name, folder) == made_at and documents_are_there(folder):
        return False
    had_manifest = (folder / MANIFEST).exists()
    # While they are written they are of no version.
    marker.unlink(missing_ok=True)
    to_disk(home.build)
    selection = Selection()
    with log.step("write documents"), open_warehouse(home.version_file(version)) as warehouse:
        marts = selection.marts(time_ranges())
        summary = write_documents(warehouse, folder, marts, selection, known=home.build / "documents.known")
    if summary.written or summary.removed:
        os.sync()  # the documents, before what says that they are there
    written = _Written(name, made_at, _checksum(folder / MANIFEST), writer())
    marker.write_bytes(msgspec.json.encode(written))
    log.tell(
        f"{summary.written:,} written, {summary.unchanged:,} unchanged, {summary.removed:,} removed",
        {"event": "documents", **msgspec.structs.asdict(summary)},
    )
    return bool(summary.written or summary.removed) or not had_manifest


def _known(marker: Path, name: str, folder: Path) -> str | None:
    """Return the start of the run whose documents are in a folder; None when that is not known."""
    try:
        written = msgspec.json.decode(marker.read_bytes(), type=_Written)
        is_as_written = written.manifest == _checksum(folder / MANIFEST)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    is_ours = is_as_written and written.folder == name and written.writer == writer()
    return written.run_started_at if is_ours else None


def _checksum(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def copy_to_postgres(home: Home, version: int, target: Target, log: StepLog) -> bool:
    """Copy the flat views of a version to PostgreSQL, unless they are there; tell whether they were not."""
    with log.step("copy to PostgreSQL"):
        tables = copy_version(home.version_file(version), target)
    if tables:
        log.tell(
            f"{tables} tables in schema {target.schema} of PostgreSQL",
            {"event": "postgres", "schema": target.schema, "tables": tables},
        )
    return bool(tables)
