"""Rows on their way into the logs of the demo: flaws, redeliveries, and how a file has them."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from factory_metrics.synthetic.demo_orgs import END, ORGS
from factory_metrics.synthetic.stories import chance, skewed
from factory_metrics.synthetic.working_time import DAY, MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from random import Random


@dataclass(frozen=True)
class LogRow:
    """A row on its way into a log.

    `columns` has the text of every column but the two clocks; `broken` overrules any column at the end.
    """

    columns: dict[str, str]
    happened: datetime
    ingested: datetime
    happened_form: int
    ingested_form: int
    broken: dict[str, str] = field(default_factory=dict)


# What makes a row unusable: the columns that overrule a good row's, in the order of the rules they break.
# The empty ones are rows from the future: ingested three days before they happened.
BROKEN_EVENTS: tuple[dict[str, str], ...] = (
    {"id": ""},
    {"id": "   "},
    {"org_id": ""},
    {"event_type": "work-item.paused"},
    {"event_type": "deployment.started"},
    {"occurred_at": "2026-02-30T09:15:00Z"},
    {"occurred_at": "yesterday"},
    {"ingested_at": ""},
    {},
    {"payload": '{"stage":"qa"'},
    {"payload": "[]"},
    {"event_type": "work-item.started", "issue_id": "", "payload": '{"stage":"qa"}'},
    {"event_type": "incident.opened", "payload": '{"title":"Alert without a number"}'},
    {"event_type": "work-item.started", "issue_id": "ISS-101", "payload": '{"stage":"staging"}'},
)
BROKEN_RUNS: tuple[dict[str, str], ...] = (
    {"id": ""},
    {"org_id": "  "},
    {"recorded_at": "30.06.2026"},
    {},
    {"metadata": "claude-sonnet-4-5"},
    {"session_id": ""},
    {"station": "testing"},
    {"cost_usd": "-0.25"},
    {"duration_ms": "NaN"},
)


def unusable(rng: Random, rows: Sequence[LogRow], breakages: Iterable[dict[str, str]]) -> list[LogRow]:
    """Copy a good row for each breakage and break the copy.

    A copy keeps its id: a rejected delivery must not hide the good one.
    """
    broken = []
    for breakage in breakages:
        row = rng.choice(rows)
        if not breakage:
            row = replace(row, ingested=row.happened - timedelta(days=3))
        broken.append(replace(row, broken=breakage))
    return broken


def deliver(rng: Random, rows: Sequence[LogRow]) -> list[LogRow]:
    """Deliver every row, and some of them again."""
    again = [
        replace(row, ingested=min(row.ingested + timedelta(seconds=skewed(rng, MINUTE, 3 * DAY)), END))
        for row in rows
        if chance(rng, 2)
    ]
    return [*rows, *again]


def file_order(rng: Random, rows: Iterable[LogRow]) -> list[LogRow]:
    """Sort by arrival, except for a few rows that another writer appended hours away from their place."""
    keyed = [
        (row.ingested + timedelta(minutes=rng.randint(-600, 600) if chance(rng, 3) else 0), place, row)
        for place, row in enumerate(rows)
    ]
    return [row for _, _, row in sorted(keyed, key=lambda item: item[:2])]


MILLISECONDS = 1


def clock_text(instant: datetime, form: int, zone: int) -> str:
    """Write an instant in one of four forms: Z, Z with milliseconds, no offset (UTC), the office's offset."""
    if form == MILLISECONDS:
        return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    whole = instant.replace(microsecond=0)
    local = whole.astimezone(timezone(timedelta(hours=zone)))
    return (
        whole.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "",
        whole.strftime("%Y-%m-%d %H:%M:%S"),
        local.isoformat(timespec="seconds"),
    )[form]


def write_csv(path: Path, columns: Sequence[str], clock: str, rows: Iterable[LogRow]) -> None:
    """Write a file of a log; `clock` is the column that says when a row happened."""
    zones = {org.id: org.zone for org in ORGS}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            zone = zones[row.columns["org_id"]]
            clocks = {
                clock: clock_text(row.happened, row.happened_form, zone),
                "ingested_at": clock_text(row.ingested, row.ingested_form, zone),
            }
            writer.writerow(row.columns | clocks | row.broken)
