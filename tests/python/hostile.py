"""Random factories that are as nasty as the log definition allows, and files that hold them.

`random_factory` makes the delivered rows of one org, `write_logs` spreads rows over files of every format and
`write_tables` over database tables. The same random state gives the same rows and files.
"""

import csv
import json
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from pathlib import Path

import duckdb
import real_forms
from reference_rows import (
    DAY,
    EVENT_TYPES,
    INCIDENT_TYPES,
    PIPELINE_TYPES,
    REVIEW_TYPES,
    SECOND,
    STATIONS,
    WORK_ITEM_TYPES,
    as_instant,
    not_blank,
)

Row = dict[str, object]

EVENT_COLUMNS = (
    "id",
    "org_id",
    "project_id",
    "event_type",
    "issue_id",
    "session_id",
    "actor_type",
    "actor_id",
    "occurred_at",
    "ingested_at",
    "payload",
)
RUN_COLUMNS = (
    "id",
    "org_id",
    "project_id",
    "issue_id",
    "session_id",
    "station",
    "cost_usd",
    "duration_ms",
    "recorded_at",
    "ingested_at",
    "metadata",
)
LOGS = {"factory_events": EVENT_COLUMNS, "factory_metrics": RUN_COLUMNS}
OPTIONAL_COLUMNS = {
    "factory_events": (
        "org_id",
        "project_id",
        "issue_id",
        "session_id",
        "actor_type",
        "actor_id",
        "ingested_at",
    ),
    "factory_metrics": ("org_id", "project_id", "issue_id", "session_id", "station", "ingested_at"),
}
TIMESTAMP_COLUMNS = ("occurred_at", "recorded_at", "ingested_at")
CONTENT_COLUMNS = ("payload", "metadata")
MEASURE_COLUMNS = ("cost_usd", "duration_ms")

# Orgs whose ids must not break paths, globs, quoting or escaping; some differ by a blank or a letter's case.
STRANGE_ORGS = (
    "a/b",
    "../up",
    "..",
    ".",
    "100%",
    "%2E%2E",
    "two words",
    " lead",
    "Acme",
    "acme",
    "ünï-çødé",
    "組織",
    "🏭",
    "o'brien",
    '"quoted"',
    "back\\slash",
    "q?u#e&r=y",
    "*.json",
    "a:b|c<d>",
    "null",
    "0",
    "-",
    "trailing.",
    "{{ org }}",
    "$HOME",
)

BLANKS = (" ", "  ", "\t", " \n ", "\r\n", "\u00a0", "\u3000")
MISSING = object()  # a key that is left out


# ---- rows


@dataclass
class Shop:
    """The vocabulary of one random factory: few of everything, so that everything collides."""

    rng: random.Random
    org: str
    as_of: int
    instants: list[int]
    issues: list[str]
    projects: list[str | None]
    sessions: list[str | None]
    stations: list[str]
    is_extreme: bool
    used_ids: set[str] = field(default_factory=set)

    def chance(self, share: float) -> bool:
        """Return True in the given share of the calls."""
        return self.rng.random() < share

    def pick(self, *values: object) -> object:
        """Return one of the values."""
        return self.rng.choice(values)

    def instant(self) -> int:
        """Return a time: mostly one of the few that others share."""
        if self.is_extreme and self.chance(0.3):
            return self.rng.choice(EXTREME_INSTANTS)
        if self.chance(0.7):
            return self.rng.choice(self.instants)
        return self.as_of - self.rng.randrange(95 * DAY)

    def new_id(self) -> str:
        """Return an id that this factory has not used; its order is not that of the calls."""
        while True:
            number = self.rng.randrange(10_000)
            text = self.rng.choice([f"e{number}", f"E{number}", f"é{number}", f"{number}", f" e{number}"])
            if text not in self.used_ids:
                self.used_ids.add(text)
                return text

    def station(self) -> str:
        """Return one of the factory's stations, in some letter case, perhaps with blanks around it."""
        return dressed(self.rng, self.rng.choice(self.stations))

    def blank(self) -> str:
        """Return a text without content."""
        return self.rng.choice(("", *BLANKS))


def dressed(rng: random.Random, text: str) -> str:
    """Return a text with another letter case and blanks around it, half of the time."""
    if rng.random() < 0.5:
        return text
    text = rng.choice([text, text.upper(), text.title(), text.swapcase()])
    return rng.choice(["", *BLANKS]) + text + rng.choice(["", *BLANKS])


def window_edges(as_of: int) -> list[int]:
    """Return the instants on both sides of each edge of each window."""
    midnights = [as_of // DAY * DAY - (days - 1) * DAY for days in (7, 30, 90)]
    return [edge + step for edge in (*midnights, as_of) for step in (-1, 0, 1)]


# Steps between instants whose lengths are on the borders of rounding and of the units of a length.
_STEP_SECONDS = (
    "0.0005 0.001 0.0015 0.499999 0.5 44.5 59.499999 59.5 59.999999 60 89.999999 90 930 3569.999999 3570 "
    "3599.999999 3600 5220 11340 11339.999999 16200 85860 86219.999999 86399.999999 86400 90720 198720"
)
STEPS = tuple(int(Fraction(seconds) * SECOND) for seconds in _STEP_SECONDS.split())

# Both ends of the calendar, and the largest measures that are accepted.
FIRST_INSTANT, LAST_INSTANT = (
    as_instant(text) or 0 for text in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z")
)
EXTREME_INSTANTS = (FIRST_INSTANT, FIRST_INSTANT + 1, FIRST_INSTANT + DAY, LAST_INSTANT - 1, LAST_INSTANT)
EXTREME_COSTS = ("9999999999999999999.999999999", "8e18", "5e18", "0.000000001", "0")
EXTREME_DURATIONS = (
    "9223372036854775807",
    "9223372036854775806.999999999",
    "9223372036854775807.0000000001",
    9_223_372_036_854_775_807,
    "9e18",
    "0.000000001",
    0,
)

# Beyond the calendar, in UTC or already as they are written.
NO_INSTANTS = (
    "0000-01-01T00:00:00Z",
    "0000-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:00-00:01",
)
# Lengths of reviews; the last ones are too long to count as stated.
EXTREME_REVIEWS = (9_999_999_999_999_999_999, 9e18, 1e-9, 10**19, 1e19, 1e300)

# What a factory's events are about; the longer names below are kinds of factories, see random_factory.
FLAVOURS = {
    "mixed": EVENT_TYPES + WORK_ITEM_TYPES * 2,
    "work": WORK_ITEM_TYPES,
    "devops": (*PIPELINE_TYPES, *INCIDENT_TYPES, *["deployment.finished"] * 4),
    "deployments": (*["deployment.finished"] * 4, "incident.opened"),
    "reviews": (*REVIEW_TYPES, "human.override", "work-item.handoff"),
    "crowded": (*PIPELINE_TYPES, "deployment.finished", "incident.opened"),
}
RARE_FLAVOURS = ("only runs", "only events", "only rejected", "only later", "one type", "crowded")


def random_factory(
    rng: random.Random, org_id: str, as_of: int, *, is_extreme: bool = False
) -> tuple[list[Row], list[Row]]:
    """Return the event rows and the run rows of a small, hostile factory around an as-of, in random order.

    The as-of is in microseconds since 1970-01-01 UTC. Ids come from the same few names in every org. One
    in ten has the largest measures that there are, and both ends of the calendar; `is_extreme` asks for that.
    """
    shop = _open_shop(rng, org_id, as_of)
    shop.is_extreme = is_extreme or shop.chance(0.1)
    flavour = (
        "mixed"
        if is_extreme
        else rng.choice(
            ["mixed"] * 8
            + ["work"] * 6
            + ["devops"] * 7
            + ["deployments"] * 2
            + ["reviews"] * 2
            + list(RARE_FLAVOURS)
        )
    )
    n_events, n_runs = rng.choice([(5, 2), (12, 5), (25, 8), (40, 15), (80, 30)])
    if flavour == "crowded":  # more than a list of a document holds
        n_events = 400
    kinds = (rng.choice(EVENT_TYPES),) if flavour == "one type" else FLAVOURS.get(flavour, FLAVOURS["mixed"])

    events = [] if flavour == "only runs" else [_event(shop, rng.choice(kinds)) for _ in range(n_events)]
    runs = [] if flavour == "only events" else [_run(shop) for _ in range(n_runs)]
    if flavour == "crowded":
        for number, event in enumerate(events):
            _spread_subjects(event, number % 130)
    if flavour == "only later":
        for row, happened in [(e, "occurred_at") for e in events] + [(r, "recorded_at") for r in runs]:
            row[happened] = iso(as_of + rng.choice([1, SECOND, 3 * DAY]))
            row["ingested_at"] = iso(as_of + 9 * DAY)
    share = rng.choice([0.0, 0.05, 0.3])
    events = [real_forms.without_some_values(rng, row) for row in events]
    runs = [real_forms.without_some_values(rng, row) for row in runs]
    events = _redelivered(shop, [_broken(shop, e, EVENT_BREAKS) if shop.chance(share) else e for e in events])
    runs = _redelivered(shop, [_broken(shop, r, RUN_BREAKS) if shop.chance(share) else r for r in runs])
    if flavour == "only rejected":
        for row in (*events, *runs):
            row["ingested_at"] = rng.choice([bad for bad in BAD_TIMESTAMPS if not_blank(bad)])
    rng.shuffle(events)
    rng.shuffle(runs)
    return events, runs


def _open_shop(rng: random.Random, org_id: str, as_of: int) -> Shop:
    """Choose the few instants, issues, projects, sessions and stations that a factory has."""
    instants = rng.sample(window_edges(as_of), rng.randint(1, 6))
    for _ in range(rng.randint(1, 6)):
        instants.append(as_of - rng.choice([1, 2, 6, 25, 85]) * rng.randrange(DAY))
    for _ in range(rng.randint(1, 9)):
        instants.append(rng.choice(instants) + rng.choice(STEPS))
    instants = [at for at in instants if at <= as_of + 1] or [as_of]
    projects: list[str | None] = ["p1", "p2", "P1", None, " "]
    sessions: list[str | None] = ["s1", "s2", "s3", "S1", None, ""]
    return Shop(
        rng=rng,
        org=org_id,
        as_of=as_of,
        instants=instants,
        issues=rng.sample(["i1", "i2", "i3", "I1", "i1 ", "7"], rng.randint(1, 4)),
        projects=rng.sample(projects, rng.randint(1, 3)),
        sessions=rng.sample(sessions, rng.randint(2, 5)),
        stations=rng.sample(STATIONS, rng.randint(1, 6)),
        is_extreme=False,
    )


def _event(shop: Shop, kind: str) -> Row:
    """Return a valid event row."""
    at = shop.instant()
    return {
        "id": shop.new_id(),
        "org_id": shop.org,
        "project_id": shop.rng.choice(shop.projects),
        "event_type": kind,
        "issue_id": shop.rng.choice(shop.issues)
        if kind.startswith(("work", "human.review")) or shop.chance(0.5)
        else shop.pick(None, shop.blank()),
        "session_id": shop.rng.choice(shop.sessions),
        "actor_type": shop.pick("human", "agent", "system", None),
        "actor_id": shop.pick("agent-7", None, None),
        "occurred_at": iso(at),
        "ingested_at": iso(_ingestion(shop, at)),
        "payload": _without_missing(
            PAYLOADS[kind](shop, at) | {"extra": shop.pick(MISSING, [1], {"a": None})}
        ),
    }


def _run(shop: Shop) -> Row:
    """Return a valid run row."""
    at = shop.instant()
    return {
        "id": shop.new_id(),
        "org_id": shop.org,
        "project_id": shop.rng.choice(shop.projects),
        "issue_id": shop.rng.choice([*shop.issues, None]),
        "session_id": shop.rng.choice([s for s in shop.sessions if s] or ["s1"]),
        "station": shop.station(),
        "cost_usd": shop.pick(
            *(EXTREME_COSTS * 3 if shop.is_extreme else ()),
            "0",
            "0",
            "1",
            "0.00005",
            "0.00015",
            "0.000049999",
            "0.123456789",
            "0.000000001",
            "0.0000000005",
            "1.25",
            "2.5e-1",
            "3E0",
            "12.50",
            None,
            None,
            shop.blank(),
            f"{shop.rng.randrange(10**10)}e-9",
            f"{shop.rng.randrange(10**6)}.{shop.rng.randrange(10**9):09}",
        ),
        "duration_ms": shop.pick(
            *(EXTREME_DURATIONS if shop.is_extreme else ()),
            0,
            1,
            2,
            "1500",
            "1500.5",
            0.5,
            600_000,
            "6e5",
            None,
            shop.blank(),
            shop.rng.randrange(10**8),
        ),
        "recorded_at": iso(at),
        "ingested_at": iso(_ingestion(shop, at)),
        "metadata": _without_missing(
            {
                "provider": shop.pick(
                    "anthropic",
                    dressed(shop.rng, "anthropic"),
                    dressed(shop.rng, "openai"),
                    "ÉCOLE",
                    "école ",
                    "unknown",
                    None,
                    shop.blank(),
                    MISSING,
                    7,
                ),
                "model": shop.pick("m-1", None, MISSING),
                "inputTokens": shop.pick(100, MISSING),
            }
        ),
    }


def _ingestion(shop: Shop, at: int) -> int:
    """Return when an event is ingested: mostly later, sometimes as long before it as is allowed."""
    if shop.chance(0.1):
        ingested_at = at - shop.rng.choice([DAY, DAY - 1, 3600 * SECOND])
    else:
        ingested_at = at + shop.rng.randrange(5 * 86_400) * SECOND
    return min(max(ingested_at, FIRST_INSTANT), LAST_INSTANT)


def _without_missing(keys: Row) -> Row:
    """Leave out the keys that are missing."""
    return {key: value for key, value in keys.items() if value is not MISSING}


def _text(shop: Shop, *values: str) -> object:
    """Return a text for a document: one of the values, or something that a document must not stumble over."""
    strange = (None, MISSING, "", 5, 1.5, True, 'say "hi"\n', "Ünïcode \u2028 🏭", "null", "a\\b")
    return shop.rng.choice(strange) if shop.chance(0.2) else shop.rng.choice(values)


def _subject(shop: Shop, letter: str) -> object:
    """Return a pipeline, deployment or incident id."""
    return shop.pick(f"{letter}1", f"{letter}2", f"{letter}3", f"{letter}10", letter.upper(), 7)


def _started(shop: Shop, _: int) -> Row:
    return {"stage": shop.station()}


def _moved(shop: Shop, _: int) -> Row:
    return {
        "fromStage": shop.pick(shop.station(), "nowhere", None, MISSING),
        "toStage": shop.station(),
        "reason": _text(shop, "tests fail"),
        "duration": shop.pick(5, -5, None, "soon", MISSING),
    }


def _completed(shop: Shop, _: int) -> Row:
    strategies = ("auto_escalate", "human_review", "Human_Review", "none", " none ", "é", True, 7)
    return {
        "result": shop.pick("success", "failure", MISSING),
        "escalationStrategy": shop.pick(*strategies, None, shop.blank(), MISSING),
    }


def _review_started(shop: Shop, _: int) -> Row:
    return {"reviewerId": "u1", "stage": shop.pick(shop.station(), "nowhere", None, MISSING)}


def _review_completed(shop: Shop, _: int) -> Row:
    durations: tuple[object, ...] = (
        0,
        1,
        0.5,
        1500.5,
        600_000,
        1e3,
        10**9,
        -1,
        -0.5,
        "5",
        "x",
        None,
        True,
        [],
        {},
        MISSING,
        MISSING,
        *(EXTREME_REVIEWS * 3 if shop.is_extreme else ()),
    )
    return {
        "approved": shop.rng.choice((True, True, False, None, "true", 1, MISSING)),
        "comment": _text(shop, "fine", "no"),
        "duration": shop.pick(*durations),
    }


def _override(shop: Shop, _: int) -> Row:
    return {
        "overriddenSessionId": "s1",
        "reason": _text(shop, "wrong"),
        "newOutcome": shop.pick("redo", None),
    }


def _tool_summary(shop: Shop, _: int) -> Row:
    return {"toolCalls": 3, "errors": 0, "duration": shop.pick(10, None), "model": "m-1"}


def _crash(shop: Shop, _: int) -> Row:
    return {"crashType": "oom", "recoveryCount": shop.pick(1, "2"), "errorMsg": _text(shop, "boom")}


def _pipeline_started(shop: Shop, _: int) -> Row:
    return {
        "pipelineId": _subject(shop, "l"),
        "name": _text(shop, "main", "nightly"),
        "trigger": _text(shop, "push", "schedule"),
        "branch": _text(shop, "main"),
        "commit": _text(shop, "abc123"),
    }


def _pipeline_finished(shop: Shop, _: int) -> Row:
    statuses = ("success", "success", "failure", "cancelled", "SUCCESS", None, MISSING)
    return {"pipelineId": _subject(shop, "l"), "status": shop.pick(*statuses)}


def _deployment(shop: Shop, at: int) -> Row:
    rollback = shop.chance(0.3)
    committed = shop.pick(
        MISSING,
        None,
        "",
        "last week",
        1_780_000_000,
        iso(at),
        iso(at + 1),
        iso(at - shop.rng.choice(STEPS)),
        iso(at - shop.rng.randrange(4 * DAY)),
        offset_text(shop.rng, at - shop.rng.choice(STEPS)),
        *((iso(FIRST_INSTANT), iso(LAST_INSTANT), *NO_INSTANTS) if shop.is_extreme else ()),
    )
    return {
        "deploymentId": _subject(shop, "d"),
        "version": _text(shop, "v1.2.3", "v2"),
        "environment": shop.pick(
            "production", "production", "production", "staging", "Production", None, MISSING
        ),
        "status": shop.pick("success", "success", "success", "failure", "Success", None, MISSING),
        "commit": _text(shop, "abc123"),
        "committedAt": committed,
        "deployedBy": _text(shop, "agent-claude-sonnet"),
        "isRollback": True if rollback else shop.rng.choice((False, False, None, "true", 1, MISSING)),
        "rollbackOf": shop.pick(
            MISSING, None, shop.blank(), _subject(shop, "d"), _subject(shop, "d"), "ghost"
        )
        if rollback or shop.chance(0.2)
        else MISSING,
    }


def _incident_opened(shop: Shop, _: int) -> Row:
    named = (MISSING, MISSING, None, shop.blank(), _subject(shop, "d"), _subject(shop, "d"), "ghost")
    return {
        "incidentId": _subject(shop, "n"),
        "title": _text(shop, "database down", "slow"),
        "severity": shop.pick("critical", "critical", "major", "minor", "Critical", None, MISSING),
        "deploymentId": shop.pick(*named),
    }


def _incident_resolved(shop: Shop, _: int) -> Row:
    return {"incidentId": _subject(shop, "n")}


PAYLOADS: dict[str, Callable[[Shop, int], Row]] = {
    "work-item.started": _started,
    "work-item.handoff": _moved,
    "work-item.rework": _moved,
    "work-item.completed": _completed,
    "human.review-started": _review_started,
    "human.review-completed": _review_completed,
    "human.override": _override,
    "agent.tool-summary": _tool_summary,
    "agent.crash-recovery": _crash,
    "pipeline.started": _pipeline_started,
    "pipeline.finished": _pipeline_finished,
    "deployment.finished": _deployment,
    "incident.opened": _incident_opened,
    "incident.resolved": _incident_resolved,
}


def _spread_subjects(event: Row, number: int) -> None:
    """Give an event a pipeline, a deployment or an incident of its own."""
    payload = event["payload"]
    if isinstance(payload, dict):
        for key in ("pipelineId", "deploymentId", "incidentId"):
            if key in payload and str(event["event_type"]).startswith(key[:-2]):
                payload[key] = f"{key[0]}{number}"


# ---- rows that break rules, and rows that arrive again

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
            row["payload"] = _without_missing({k: value if k in keys else v for k, v in payload.items()})

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


def _broken(shop: Shop, row: Row, breaks: list[Break]) -> Row:
    """Return a copy of a row that breaks one to three rules."""
    copy = dict(row)
    for break_rule in shop.rng.sample(breaks, shop.rng.choice([1, 1, 2, 3])):
        if copy:
            break_rule(shop, copy)
    return copy


def _redelivered(shop: Shop, rows: list[Row]) -> list[Row]:
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
            broken = _broken(shop, again, breaks) if shop.chance(0.2) else again
            if broken and not_blank(broken.get("ingested_at")) is None:  # it would take the row's own time
                broken = dict(broken) | {"ingested_at": again["ingested_at"]}
            deliveries.append(broken)
        other = shop.rng.choice(rows)
        if shop.chance(0.2) and other.get("ingested_at") and ingested_at not in EXTREME_INSTANTS:
            odd = SECOND // 2 + number * 3 + 1
            ingested_at += odd * shop.rng.choice([1, -1])
            deliveries.append(other | {"id": row.get("id"), "ingested_at": iso(ingested_at)})
    return deliveries


# ---- texts of instants


def iso(at: int) -> str:
    """Return an instant as ISO 8601 in UTC, with microseconds; the calendar's end for what lies beyond it."""
    at = min(max(at, FIRST_INSTANT), LAST_INSTANT)
    moment = datetime(1970, 1, 1) + timedelta(microseconds=at)  # noqa: DTZ001 - always UTC here
    return moment.isoformat(timespec="microseconds") + "Z"


def offset_text(rng: random.Random, at: int) -> str:
    """Return an instant in one of the many forms of ISO 8601, with an offset or without."""
    minutes = rng.choice([0, 0, 0, 0, 60, 120, 330, -210, -660, 840])
    if not FIRST_INSTANT + DAY < at < LAST_INSTANT - DAY:
        minutes, at = 0, min(max(at, FIRST_INSTANT), LAST_INSTANT)
    moment = datetime(1970, 1, 1) + timedelta(microseconds=at, minutes=minutes)  # noqa: DTZ001 - local time
    basic = rng.random() < 0.15
    colon, dash = ("", "") if basic else (":", "-")
    day = moment.strftime(f"%Y{dash}%m{dash}%d").rjust(8 if basic else 10, "0")
    parts = [f"{moment.hour:02}", f"{moment.minute:02}", f"{moment.second:02}"]
    fraction = f"{moment.microsecond:06}"
    if rng.random() < 0.5:
        fraction = fraction.rstrip("0")
    elif rng.random() < 0.5:
        fraction += f"{rng.randrange(1000):03}"  # nanoseconds, to be cut off
    if not fraction:
        while len(parts) > 1 and parts[-1] == "00" and rng.random() < 0.5:
            parts.pop()
    clock = colon.join(parts) + (rng.choice("...,") + fraction if fraction else "")
    if minutes == 0:
        zone = rng.choice(["Z", "Z", "", "", "+00:00", "+00", "+0000"])
    else:
        hours, rest = divmod(abs(minutes), 60)
        zone = ("+" if minutes > 0 else "-") + f"{hours:02}"
        zone += rng.choice([f"{rest:02}", f":{rest:02}"]) if rest or rng.random() < 0.7 else ""
    if clock == "00" and not zone and rng.random() < 0.8:
        return day
    return day + rng.choice("TT ") + clock + zone


# ---- files

# Lines of a JSON Lines file that are not JSON; a line of a CSV file is made bad by its number of fields.
UNREADABLE_LINES = (
    "oops",
    "{",
    '{"id": "x"',
    "{'id': 'x'}",
    "{id: 1}",
    '{"id": "x", "payload": {"stage": "qa"}',
    '{"id": "x"} and {"id": "y"}',
    '{"id": "x"}}',
    '{"id": "tab\tinside"}',
    "a\x01b",
    'a "quoted" word, and a comma',
    '"',
    "2026-06-01,x,y",
    "undefined",
    "-",
)
# Columns that the logs do not have, some with names that a reader may want for itself.
EXTRA_COLUMNS = ("region", "note", "rule", "record", "origin", "filename", "line", "row_number")

# Numbers that a double holds without a loss.
_SHORT_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_PAYLOAD_TYPES = {
    "stage": "VARCHAR",
    "fromStage": "VARCHAR",
    "toStage": "VARCHAR",
    "reason": "VARCHAR",
    "result": "VARCHAR",
    "escalationStrategy": "VARCHAR",
    "reviewerId": "VARCHAR",
    "approved": "BOOLEAN",
    "comment": "VARCHAR",
    "duration": "DOUBLE",
    "pipelineId": "VARCHAR",
    "name": "VARCHAR",
    "trigger": "VARCHAR",
    "branch": "VARCHAR",
    "commit": "VARCHAR",
    "status": "VARCHAR",
    "deploymentId": "VARCHAR",
    "version": "VARCHAR",
    "environment": "VARCHAR",
    "committedAt": "VARCHAR",
    "deployedBy": "VARCHAR",
    "isRollback": "BOOLEAN",
    "rollbackOf": "VARCHAR",
    "incidentId": "VARCHAR",
    "title": "VARCHAR",
    "severity": "VARCHAR",
    "issueId": "VARCHAR",
    "sessionId": "VARCHAR",
    "projectId": "VARCHAR",
}
_METADATA_TYPES = {"provider": "VARCHAR", "model": "VARCHAR", "inputTokens": "BIGINT"}
_STRUCTS = {"payload": _PAYLOAD_TYPES, "metadata": _METADATA_TYPES}


@dataclass
class FileSpec:
    """One file to write: its format, the columns that it lacks, one that it has besides, and DuckDB types."""

    name: str
    without: tuple[str, ...] = ()
    extra: str | None = None
    types: dict[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    @property
    def suffix(self) -> str:
        """The ending of the name: csv, parquet, or one of those for JSON Lines."""
        return self.name.rsplit(".", 1)[1]


@dataclass(frozen=True)
class Landed:
    """What was written besides the rows: the unreadable lines, by log."""

    unreadable: dict[str, list[str]]


def write_logs(
    folder: Path, events: Iterable[Row], runs: Iterable[Row], rng: random.Random, prefix: str = ""
) -> Landed:
    """Spread the rows of both logs over files of all formats below a folder, with unreadable lines between.

    Files that are there stay; give each call its own prefix to land batch after batch.
    """
    unreadable: dict[str, list[str]] = {}
    for (log, columns), rows in zip(LOGS.items(), (events, runs), strict=True):
        target = folder / log
        target.mkdir(parents=True, exist_ok=True)
        unreadable[log] = []
        specs = [_file_spec(rng, log, f"{prefix}{number}") for number in range(rng.randint(5, 9))]
        fallback = FileSpec(f"{prefix}fallback.jsonl")
        for row in rows:
            fitting = [spec for spec in specs if fits(row, spec)]
            rng.choice(fitting or [fallback]).rows.append(row)
        for spec in [*specs, fallback]:
            path = target / spec.name
            kept = [column for column in columns if column not in spec.without]
            rng.shuffle(kept)
            if rng.random() < 0.6:
                spec.rows, names = real_forms.respelled(rng, spec.rows, kept, spec.types)
                kept, spec.types = list(names), {n: spec.types[c] for n, c in names.items() if spec.types}
            if spec.suffix == "parquet":
                _write_parquet(path, kept, spec, rng)
            elif spec.suffix == "csv":
                unreadable[log] += _write_csv(path, kept, spec, rng)
            else:
                unreadable[log] += _write_json_lines(path, kept, spec, rng)
            if spec.suffix != "parquet" and rng.random() < 0.2:
                real_forms.compressed(rng, path)
    return Landed(unreadable)


def append_to_tables(database: Path, schema: str, events: Iterable[Row], runs: Iterable[Row]) -> None:
    """Land rows of both logs in tables of a DuckDB file: events in native types where they fit, runs as text.

    An event that does not fit is left out, which is fine for one that is rejected anyway.
    """
    types = dict.fromkeys(EVENT_COLUMNS, "VARCHAR")
    types |= {"occurred_at": "TIMESTAMPTZ", "ingested_at": "TIMESTAMP", "payload": "JSON"}
    native = FileSpec("factory_events.parquet", types=types)
    plain = FileSpec("factory_metrics.parquet", types=dict.fromkeys(RUN_COLUMNS, "VARCHAR"))
    native.rows = [row for row in events if fits(row, native)]
    plain.rows = list(runs)
    with duckdb.connect(str(database)) as connection:
        connection.execute(f'create schema if not exists "{schema}"')
        for log, spec in (("factory_events", native), ("factory_metrics", plain)):
            source = _load_typed(connection, LOGS[log], spec, database.with_suffix(".json"))
            connection.execute(f'create table if not exists "{schema}".{log} as {source} limit 0')
            connection.execute(f'insert into "{schema}".{log} {source}')


def _file_spec(rng: random.Random, log: str, stem: str) -> FileSpec:
    """Choose a file's format, columns and types."""
    suffix = rng.choice(["jsonl", "jsonl", "ndjson", "json", "csv", "csv", "parquet", "parquet", "parquet"])
    without = tuple(column for column in OPTIONAL_COLUMNS[log] if rng.random() < 0.15)
    spec = FileSpec(f"{stem} part.{suffix}" if rng.random() < 0.3 else f"{stem}.{suffix}", without)
    if rng.random() < 0.4:
        spec.extra = rng.choice(EXTRA_COLUMNS)
    if suffix == "parquet":
        spec.types = _types(rng, log, native=rng.random() < 0.8)
    return spec


def _types(rng: random.Random, log: str, *, native: bool) -> dict[str, str]:
    """Choose the DuckDB types of a typed file's columns."""
    types = dict.fromkeys(LOGS[log], "VARCHAR")
    if not native:
        return types
    for column in types:
        if column in TIMESTAMP_COLUMNS:
            types[column] = rng.choice(["TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP_NS", "VARCHAR"])
        elif column in CONTENT_COLUMNS:
            types[column] = rng.choice(["STRUCT", "JSON", "JSON", "VARCHAR"])
        elif column == "cost_usd":
            types[column] = rng.choice(["DECIMAL(18,9)", "DECIMAL(38,9)", "DOUBLE", "VARCHAR"])
        elif column == "duration_ms":
            types[column] = rng.choice(["BIGINT", "INTEGER", "DOUBLE", "DECIMAL(18,3)", "VARCHAR"])
    return types


def fits(row: Row, spec: FileSpec) -> bool:
    """Tell whether a file can hold a row without changing its meaning."""
    if any(row.get(column) is not None for column in spec.without):
        return False
    if spec.suffix == "csv" and any(re.search(r"[\r\n]", plain_text(value) or "") for value in row.values()):
        return False  # a test of its own has line breaks inside a field
    return all(_fits_type(column, row.get(column), kind) for column, kind in spec.types.items())


def _fits_type(column: str, value: object, kind: str) -> bool:
    """Tell whether a column of a DuckDB type can hold a value."""
    if not_blank(value) is None or kind == "VARCHAR":
        return True
    if kind.startswith("TIMESTAMP"):
        at = as_instant(value)
        return at is not None and (kind != "TIMESTAMP_NS" or abs(at) < 200 * 365 * DAY)
    if kind == "JSON":
        return isinstance(value, dict)
    if kind == "STRUCT":
        return isinstance(value, dict) and all(_fits_key(_STRUCTS[column], k, v) for k, v in value.items())
    return not isinstance(value, (bool, dict, list)) and _fits_number(str(value), kind)


def _fits_number(text: str, kind: str) -> bool:
    """Tell whether a numeric type can hold a number without a loss."""
    if kind == "DOUBLE" and text in ("NaN", "inf", "-Infinity", "infinity"):
        return True
    if kind == "DOUBLE" or not is_short_number(text):
        return is_short_number(text)
    number = Decimal(text)
    decimals = {"DECIMAL(18,9)": 9, "DECIMAL(38,9)": 9, "DECIMAL(18,3)": 3}.get(kind, 0)
    return abs(number) < 10**9 and number == round(number, decimals)


def _fits_key(types: dict[str, str], key: str, value: object) -> bool:
    """Tell whether a struct can hold a key's value; it drops the keys that it does not know."""
    kind = types.get(key)
    if value is None or kind is None:
        return True
    if kind == "VARCHAR":
        return isinstance(value, str)
    if kind == "BOOLEAN":
        return isinstance(value, bool)
    return isinstance(value, (int, float)) and not isinstance(value, bool) and float(value) == value


def is_short_number(text: str) -> bool:
    """Tell whether a text is a JSON number that a double holds without a loss."""
    if not _SHORT_NUMBER.fullmatch(text):
        return False
    exponent = abs(Decimal(text).adjusted())
    return exponent < 30 and len(Decimal(text).as_tuple().digits) <= 15


def plain_text(value: object) -> str | None:
    """Return a value as a text column holds it."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _other_form(rng: random.Random, column: str, value: object) -> object:
    """Return a timestamp in another form, and any other value as it is."""
    at = as_instant(value) if real_forms.column_of(column) in TIMESTAMP_COLUMNS else None
    return value if at is None or rng.random() < 0.4 else offset_text(rng, at)


def _write_parquet(path: Path, columns: list[str], spec: FileSpec, rng: random.Random) -> None:
    """Write a Parquet file with the types of its spec."""
    spec.rows = [{c: _other_form(rng, c, v) for c, v in row.items()} for row in spec.rows]
    with duckdb.connect() as connection:
        source = _load_typed(connection, columns, spec, path.with_suffix(".tmp"))
        connection.execute(f"copy ({source}) to '{path}' (format parquet)")
    path.with_suffix(".tmp").unlink()


def _load_typed(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[str], spec: FileSpec, scratch: Path
) -> str:
    """Put rows as text in a scratch file and return the query that reads them in the types of the spec."""
    connection.execute("set TimeZone = 'UTC'")
    lines = [
        {c: _native_text(spec.types[c], row.get(c)) for c in columns} | {"extra": "x"} for row in spec.rows
    ]
    scratch.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    described = ", ".join(f"{column}: 'VARCHAR'" for column in (*columns, "extra"))
    selected = [_cast(column, spec.types[column]) for column in columns]
    if spec.extra:
        selected.append(f'extra as "{spec.extra}"')
    return (
        f"select {', '.join(selected)} from "
        f"read_json('{scratch}', format = 'newline_delimited', columns = {{{described}}})"
    )


def _native_text(kind: str, value: object) -> str | None:
    """Return a value as the text that DuckDB casts to a type."""
    if kind != "VARCHAR" and not_blank(value) is None:
        return None
    if kind.startswith("TIMESTAMP"):
        at = as_instant(value)
        return None if at is None else iso(at).removesuffix("Z").replace("T", " ")
    if kind.startswith("DECIMAL") and value is not None:
        return f"{Decimal(str(value)):f}"  # DuckDB casts no exponents to decimals
    return plain_text(value)


def _cast(column: str, kind: str) -> str:
    """Return the expression that turns a column's text into a type."""
    if kind == "STRUCT":
        shape = json.dumps(_STRUCTS[column])
        return f"from_json({column}, '{shape}') as {column}"
    return f"cast({column} as {kind}) as {column}"


def _write_csv(path: Path, columns: list[str], spec: FileSpec, rng: random.Random) -> list[str]:
    """Write a CSV file and return its unreadable lines."""
    header = [*columns, spec.extra] if spec.extra else columns
    quoting: list[int] = [csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL]
    style = rng.choice(quoting)
    lines = [_csv_line(header, csv.QUOTE_MINIMAL)]
    unreadable = []
    for row in spec.rows:
        values = {c: plain_text(_other_form(rng, c, v)) for c, v in row.items()}
        line = _csv_line([values.get(c) or "" for c in columns] + (["x, y"] if spec.extra else []), style)
        lines.append(line)
        if rng.random() < 0.02:
            bad = rng.choice([line + ",", line + ",more,fields", f"{rng.randrange(99)},b", "oops", "a,,,b"])
            unreadable.append(bad)
            lines.append(bad)
        if rng.random() < 0.01:
            lines.append("")
    ends = rng.choice([["\n"], ["\n"], ["\r\n"], ["\r\n", "\n"]])
    text = "".join(line + rng.choice(ends) for line in lines)
    if rng.random() < 0.3:
        text = text.rstrip("\r\n")  # the last line may lack its end
    path.write_bytes(text.encode())
    return unreadable


def _csv_line(values: Sequence[str], quoting: int) -> str:
    """Return a CSV line without its end."""
    buffer = StringIO()
    csv.writer(buffer, quoting=quoting, lineterminator="").writerow(values)  # type: ignore[arg-type]
    return buffer.getvalue()


def _write_json_lines(path: Path, columns: list[str], spec: FileSpec, rng: random.Random) -> list[str]:
    """Write a JSON Lines file and return its unreadable lines."""
    lines = []
    unreadable = []
    for row in spec.rows:
        # An object without the key `id` could be taken for a page of rows.
        keys = [c for c in columns if row.get(c) is not None or rng.random() < 0.5 or (row and c == "id")]
        rng.shuffle(keys)
        tokens = [f"{json.dumps(c)}: {_json_token(rng, c, row.get(c))}" for c in keys]
        if spec.extra and row and rng.random() < 0.5:
            tokens.append(f'"{spec.extra}": {rng.choice(["null", "5", "[1, {}]"])}')
        line = "{" + rng.choice([", ", ","]).join(tokens) + "}"
        if not row and rng.random() < 0.7:
            line = rng.choice(["42", "null", '"text"', "true", "0.5"])
        lines.append(rng.choice(["", "", "", "", " ", "\t"]) + line)
        if rng.random() < 0.02:
            unreadable.append(rng.choice(UNREADABLE_LINES))
            lines.append(unreadable[-1])
        if rng.random() < 0.02:
            lines.append(rng.choice(["", " "]))
    ends = rng.choice([["\n"], ["\n"], ["\r\n"], ["\r\n", "\n"]])
    path.write_bytes("".join(line + rng.choice(ends) for line in lines).encode())
    return unreadable


def _json_token(rng: random.Random, column: str, value: object) -> str:
    """Return a column's value in one of the forms that a JSON line may have it in."""
    ascii_only = rng.random() < 0.5
    value = _other_form(rng, column, value)
    if column in CONTENT_COLUMNS:
        text = json.dumps(value, ensure_ascii=ascii_only)
        as_string = isinstance(value, dict) and rng.random() < 0.5
        return json.dumps(text, ensure_ascii=ascii_only) if as_string else text
    if real_forms.column_of(column) in MEASURE_COLUMNS and not isinstance(value, (bool, dict, list)):
        text = str(value)
        if value is not None and is_short_number(text) and rng.random() < 0.5:
            return text
        return json.dumps(text if value is not None else None)
    if isinstance(value, str) and value.isdigit() and value.isascii() and str(int(value)) == value:
        # The id "7" may be landed as the number 7; a timestamp may not.
        return value if column.endswith("id") and rng.random() < 0.5 else json.dumps(value)
    return json.dumps(value, ensure_ascii=ascii_only)
