"""Tell which documents are the same as those of an earlier warehouse, without making them.

The marts are compared in SQL. Of documents that are the same, the entries of the earlier manifest stay.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Self

import duckdb

from factory_metrics.documents.marts import Mart

_ENTRY = re.compile(rb'^"([^"]+)": "[0-9a-f]{64}"')


def manifest_entries(manifest: Path) -> Iterator[tuple[str, str]]:
    """Yield path and entry of each file that a manifest lists."""
    with manifest.open("rb") as lines:
        for line in lines:
            match = _ENTRY.match(line)
            if match:
                yield match[1].decode(), match[0].decode()


class EarlierDocuments:
    """The documents of an earlier warehouse: which of them are still right, and their entries."""

    def __init__(
        self, warehouse: duckdb.DuckDBPyConnection, marts: Sequence[Mart], schema: str, manifest: Path
    ) -> None:
        """Compare a warehouse with the earlier one, whose marts are in the schema."""
        self._warehouse = warehouse
        self._orgs = f'{schema}."aggregate_{marts[0].time_range}"'
        self._folders = groupby(manifest_entries(manifest), key=lambda entry: entry[0].partition("/")[0])
        warehouse.execute("CREATE OR REPLACE TEMP TABLE changed_documents (org_id VARCHAR, mart INTEGER)")
        for number, mart in enumerate(marts):
            columns = ", ".join(f'"{name}"' for name in mart.columns() if name != "as_of")
            now, before = (
                f'SELECT {columns} FROM {place}."{mart.name}"'  # noqa: S608 - names of the contract
                for place in ("main", schema)
            )
            differences = f"({now} EXCEPT {before})"
            if mart.is_list:  # of which rows may be gone
                differences += f" UNION ALL ({before} EXCEPT {now})"
            query = f"SELECT DISTINCT org_id, {number} FROM ({differences})"  # noqa: S608 - as above
            warehouse.execute(f"INSERT INTO changed_documents {query}")

    @classmethod
    def of(
        cls, warehouse: duckdb.DuckDBPyConnection, marts: Sequence[Mart], earlier: Path, manifest: Path
    ) -> Self | None:
        """Compare with the earlier warehouse's file; None when it cannot be read, or has other marts."""
        own = "SELECT path FROM duckdb_databases() WHERE database_name = current_database()"
        quoted = str(earlier).replace("'", "''")
        try:
            [(file,)] = warehouse.execute(own).fetchall()
            if earlier.samefile(file):  # which DuckDB does not attach twice
                return cls(warehouse, marts, "main", manifest)
            warehouse.execute(f"ATTACH IF NOT EXISTS '{quoted}' AS earlier (READ_ONLY)")
            return cls(warehouse, marts, "earlier.main", manifest)
        except duckdb.Error:
            return None

    def entries(self, page: Sequence[str], folders: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return the entries of a page of orgs, by folder and path; pages are asked for in order.

        Orgs that the earlier warehouse did not have are left out.
        """
        query = f"SELECT org_id FROM {self._orgs} WHERE org_id BETWEEN ? AND ?"  # noqa: S608 - as above
        rows = self._warehouse.execute(query, [page[0], page[-1]]).fetchall()
        known = {org for (org,) in rows}
        found = {}
        for org, wanted in zip(page, folders, strict=True):
            if org in known:
                # Both are in the order of orgs, so what is passed over is of orgs that are gone.
                for folder, entries in self._folders:
                    if folder == wanted:
                        found[folder] = dict(entries)
                        break
        return found

    def changed(self, page: Sequence[str]) -> dict[str, set[int]]:
        """Return the numbers of the marts that have other rows of an org than before, by org."""
        query = "SELECT org_id, mart FROM changed_documents WHERE org_id BETWEEN ? AND ? ORDER BY org_id"
        rows = self._warehouse.execute(query, [page[0], page[-1]]).fetchall()
        return {org: {mart for _, mart in group} for org, group in groupby(rows, key=itemgetter(0))}
