"""Rows that break rules, and rows that arrive again."""

from collections.abc import Callable, Sequence

from reference_rows import (
    DAY,
    SECOND,
    as_instant,
    not_blank,
)

from hostile.columns import Row
from hostile.instants import EXTREME_INSTANTS, FIRST_INSTANT, NO_INSTANTS, iso
from hostile.shop import MISSING, Shop, without_missing

BAD_TIMESTAMPS: tuple[object, ...] = (
    *NO_INSTANTS,
    None,
    "",
    " ",
    "yesterday",
    "now",
    "infinity",
    "-infinity",
    "epoch",
    "1780000000",
    1_780_000_000,
    1_780_000_000_000,
    True,
    "2026-02-30T10:00:00Z",
    "2026-13-01",
    "2026-6-1 10:00:00",
    "2026-06-01T25:00:00Z",
    "2026-06-01T10:61:00Z",
    "2026-06-01T10:00:00 Europe/Berlin",
    "2026-06-01T10:00:00 UTC",
    "2026-W23-1",
    "2026-152",
    "06/01/2026",
    "01.06.2026",
    "2026-06-01T10:00:00Z?",
)

BAD_CONTENTS: tuple[object, ...] = (
    None,
    "",
    "{}}",
    "not json",
    '{"stage": "qa"',
    "{'stage': 'qa'}",
    "null",
    "5",
    "[]",
    '"text"',
    '"{}"',
    "[{}]",
    5,
    True,
    [],
    [{"stage": "qa"}],
)

BAD_MEASURES: tuple[object, ...] = (
    "-1",
    -1,
    -0.5,
    "-0.0000000001",
    "NaN",
    "inf",
    "-Infinity",
    "infinity",
    "1e400",
    "1e19",
    "9999999999999999999.9999999995",
    "1,5",
    "1_000",
    "0x10",
    "$1",
    "1 USD",
    "true",
    True,
    "1.2.3",
    "e5",
    ".",
    {},
)

BAD_STATIONS = (None, "", " ", "design", "q a", "qa,qa", "developmen", 5, MISSING)

Break = Callable[[Shop, Row], None]


def _break_column(column: str, *bad: object) -> Break:
    """Return a function that gives a column of a row one of the bad values."""

    def breaks(shop: Shop, row: Row) -> None:
        row[column] = shop.rng.choice([shop.blank() if value == "" else value for value in bad])

    return breaks


def _break_key(*keys: str, bad: Sequence[object]) -> Break:
    """Return a function that gives a key of a row's payload a bad value, where it has the key."""

    def breaks(shop: Shop, row: Row) -> None:
        payload = row.get("payload")
        if isinstance(payload, dict):
            value = shop.rng.choice(bad)
            row["payload"] = without_missing({k: value if k in keys else v for k, v in payload.items()})

    return breaks


def _break_order(happened: str) -> Break:
    """Return a function that makes a row happen too long after it was ingested."""

    def breaks(shop: Shop, row: Row) -> None:
        at = as_instant(row[happened])
        if at is not None:
            too_early = at - DAY - shop.rng.choice([1, SECOND, 30 * DAY])
            row["ingested_at"] = iso(too_early) if too_early >= FIRST_INSTANT else None

    return breaks


def _break_everything(_: Shop, row: Row) -> None:
    """Leave a row without columns."""
    row.clear()


EVENT_BREAKS: list[Break] = [
    _break_column("id", None, ""),
    _break_column("org_id", None, ""),
    _break_column(
        "event_type", None, "", "work-item.paused", "Work-Item.Started", "work-item.started ", "work-item", 5
    ),
    _break_column("occurred_at", *BAD_TIMESTAMPS),
    _break_column("ingested_at", *BAD_TIMESTAMPS),
    _break_order("occurred_at"),
    _break_column("payload", *BAD_CONTENTS),
    _break_column("issue_id", None, ""),
    _break_key("pipelineId", "deploymentId", "incidentId", bad=(None, "", " ", "\u00a0", MISSING)),
    _break_key("stage", "toStage", bad=BAD_STATIONS),
    _break_everything,
]

RUN_BREAKS: list[Break] = [
    _break_column("id", None, ""),
    _break_column("org_id", None, ""),
    _break_column("recorded_at", *BAD_TIMESTAMPS),
    _break_column("ingested_at", *BAD_TIMESTAMPS),
    _break_order("recorded_at"),
    _break_column("metadata", *BAD_CONTENTS),
    _break_column("session_id", None, ""),
    _break_column("station", *(bad for bad in BAD_STATIONS if bad is not MISSING)),
    _break_column("cost_usd", *BAD_MEASURES),
    _break_column(
        "duration_ms", *BAD_MEASURES, "9223372036854775807.0000000005", "9223372036854775808", 2**63
    ),
    _break_everything,
]


def broken(shop: Shop, row: Row, breaks: list[Break]) -> Row:
    """Return a copy of a row that breaks one to three rules."""
    copy = dict(row)
    for break_rule in shop.rng.sample(breaks, shop.rng.choice([1, 1, 2, 3])):
        if copy:
            break_rule(shop, copy)
    return copy


def redelivered(shop: Shop, rows: list[Row]) -> list[Row]:
    """Return the rows with some of them delivered again: as they were, broken, or with other contents.

    Deliveries with other contents never tie with the others' `ingested_at`: which one counts is certain.
    """
    breaks = EVENT_BREAKS if any("payload" in row for row in rows) else RUN_BREAKS
    deliveries = list(rows)
    for number, row in enumerate(rows):
        ingested_at = as_instant(row.get("ingested_at"))
        if ingested_at is None or not shop.chance(0.25):
            continue
        for _ in range(shop.rng.choice([1, 1, 2])):
            again = dict(row)
            again["ingested_at"] = iso(ingested_at + shop.rng.choice([0, 1, 1, 3600, 86_400, -60]) * SECOND)
            bad = broken(shop, again, breaks) if shop.chance(0.2) else again
            if bad and not_blank(bad.get("ingested_at")) is None:  # it would take the row's own time
                bad = dict(bad) | {"ingested_at": again["ingested_at"]}
            deliveries.append(bad)
        other = shop.rng.choice(rows)
        if shop.chance(0.2) and other.get("ingested_at") and ingested_at not in EXTREME_INSTANTS:
            odd = SECOND // 2 + number * 3 + 1
            ingested_at += odd * shop.rng.choice([1, -1])
            deliveries.append(other | {"id": row.get("id"), "ingested_at": iso(ingested_at)})
    return deliveries
