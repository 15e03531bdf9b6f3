"""What a page is made of: an org's documents, from the folder that the serializer wrote or from elsewhere."""

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

from msgspec import Struct

from factory_metrics.documents.marts import Mart
from factory_metrics.documents.output import MANIFEST, folder_name
from factory_metrics.project import UserError

_AS_OF = re.compile(r'^\{"asOf":"([^"]+)"')
_UNKNOWN_COSTS = re.compile(r'^"(.+)/(\d+d)": (\d+),?$')
_FILE = re.compile(r'^"((.+)/[a-z]+/\d+d\.json)": "([0-9a-f]{64})",?$')
# Begins the files of earlier runs, as of other instants.
_KEPT = '"kept":'
_MOST_NAMED = 20


class Source(Struct, frozen=True):
    """An org, its as-of (ISO 8601, UTC), and its documents as they are in files, ranges in order."""

    org: str
    as_of: str
    documents: list[tuple[Mart, bytes]]
    unknown_cost_runs: dict[str, int] = {}  # by range, where there are any


def read_source(documents: Path, org: str, marts: Sequence[Mart]) -> Source:
    """Return an org's documents, all of one run: their checksums are the manifest's.

    Raises:
        UserError: there is no manifest, or no such org in it; or a document is missing, or is another one.

    """
    manifest = documents / MANIFEST
    folder = folder_name(org)
    checksums: dict[str, str] = {}
    orgs: dict[str, None] = {}
    unknown: dict[str, int] = {}
    try:
        with manifest.open(encoding="utf-8") as lines:
            as_of = _AS_OF.match(next(lines, ""))
            for path, name, checksum in _files(lines, folder, unknown):
                orgs.setdefault(name)
                if name == folder:
                    checksums[path] = checksum
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        message = f"cannot read {manifest} ({reason}): write the documents with scripts/serialize_marts.py"
        raise UserError(message) from error
    if not checksums:
        raise UserError(_unknown(documents, org, list(orgs)))
    if as_of is None:
        message = f"{manifest} has no as-of: write the documents again with scripts/serialize_marts.py"
        raise UserError(message)
    contents = []
    for mart in marts:
        path = f"{folder}/{mart.metric_type}/{mart.time_range}.json"
        content = _read(documents / path)
        if sha256(content).hexdigest() != checksums.get(path):
            message = (
                f"{documents / path} is not the document that {manifest.name} lists: "
                "it was changed, or is being written; "
                "write the documents again with scripts/serialize_marts.py"
            )
            raise UserError(message)
        contents.append((mart, content))
    return Source(org=org, as_of=as_of[1], documents=contents, unknown_cost_runs=unknown)


def _files(
    lines: Iterator[str], folder: str, unknown_cost_runs: dict[str, int]
) -> Iterator[tuple[str, str, str]]:
    """Yield path, folder and checksum of the files of the last run; note its runs of unknown cost."""
    for line in lines:
        if _KEPT in line and not line.startswith('"'):
            return
        if found := _FILE.match(line.rstrip("\n")):
            yield found[1], found[2], found[3]
        elif (found := _UNKNOWN_COSTS.match(line.rstrip("\n"))) and found[1] == folder:
            unknown_cost_runs[found[2]] = int(found[3])


def _unknown(documents: Path, org: str, folders: Sequence[str]) -> str:
    """Return what to say of an org that the manifest does not have."""
    # A name that was cut has lost its org's end.
    known = [repr(unquote(name)) for name in folders if "+" not in name]
    named = ", ".join(known[:_MOST_NAMED]) or "none"
    more = f" and {len(folders) - min(len(known), _MOST_NAMED):,} more" if len(folders) > _MOST_NAMED else ""
    return f"there is no org {org!r} among the documents in {documents}; there are: {named}{more}"


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        message = f"cannot read {file} ({error.strerror}): write it with scripts/serialize_marts.py"
        raise UserError(message) from error
