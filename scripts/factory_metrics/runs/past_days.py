"""Compute the documents of past days from a published version, which stays as it is.

The intermediate models hold all of history, so only the clock and the marts are built, into a file that is
thrown away.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from factory_metrics.documents.output import Selection, Summary, write_documents
from factory_metrics.documents.warehouse import first_row_at, no_rows_yet, open_warehouse
from factory_metrics.project import time_ranges
from factory_metrics.runs.dbt_runs import Dbt
from factory_metrics.runs.publishing import SCRATCH_PREFIX, in_use

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

LAST_INSTANT = "23:59:59.999999Z"


def check_days_have_rows(warehouse: Path, days: Sequence[date]) -> None:
    """Check that no day ends before all rows, whose documents would be removed.

    Raises:
        UserError: one does, or there is no such warehouse.

    """
    with open_warehouse(warehouse.resolve()) as published:
        first = first_row_at(published)
    for day in days:
        if first and day < first.date():
            raise no_rows_yet(day, first)


def backfill(
    warehouse: Path,
    days: Sequence[date],
    out: Path,
    variables: str,
    report: Callable[[date, Summary], None],
) -> None:
    """Write the documents as of the end of each of the days (UTC) into `<out>/<day>`.

    `warehouse` is a published version; `variables` are dbt's, a YAML text; `report` is told of each day.

    Raises:
        UserError: there is no such warehouse.
        BadDataError: a test failed; the days before it are written.
        DbtError: dbt could not do it.

    """
    source = warehouse.resolve()
    open_warehouse(source).close()
    # Not in the folder of a version, which may be removed meanwhile.
    folder = source.parent.parent if source.parent.name.isdigit() else source.parent
    with tempfile.TemporaryDirectory(prefix=SCRATCH_PREFIX, dir=folder) as scratch, in_use(Path(scratch)):
        facts, marts = Path(scratch) / "facts.duckdb", Path(scratch) / "marts.duckdb"
        facts.hardlink_to(source)  # keeps the version when it is removed meanwhile
        dbt = Dbt(
            environment={
                "FACTORY_WAREHOUSE": str(marts),
                "FACTORY_HISTORY": "",
                "FACTORY_FACTS": str(facts),
                "DBT_WRITE_JSON": "false",
            },
            artifacts=Path(scratch),
            variables=variables,
        )
        selection = Selection()
        for day in days:
            dbt.environment = {**dbt.environment, "FACTORY_AS_OF": f"{day}T{LAST_INSTANT}"}
            dbt.run("build", "--selector", "past_day")
            with open_warehouse(marts) as built:
                report(day, write_documents(built, out / str(day), selection.marts(time_ranges()), selection))
