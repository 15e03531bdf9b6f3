"""The runs that events tell of, as one as-of knows them, in plain Python.

See reference.py.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from reference_rows import (
    Event,
    Run,
    as_duration,
    as_measure,
    as_number,
    as_tokens,
    not_blank,
    with_computed_cost,
)
from reference_settings import Settings

SUMMARY = "agent.tool-summary"
MOVES = ("work-item.started", "work-item.handoff", "work-item.rework")


@dataclass(frozen=True)
class Told:
    """What an event tells of a run: `cost_key` is the key that its cost is from, `rule` why it is no run."""

    event: Event
    cost_key: str | None
    cost: Fraction | None
    rule: str | None
    station: str | None


def runs_of_events(
    events: Sequence[Event], logged: Iterable[Run], settings: Settings
) -> tuple[list[Run], list[str]]:
    """Return the runs that one org's events tell of, and the rules that events break that would be runs.

    The events and the runs of the log are those up to the as-of, ordered by time and id.
    """
    if settings.runs_from == "factory_metrics":
        return [], []
    sessions: dict[str, list[Event]] = {}
    for event in events:
        if event.session is not None:
            sessions.setdefault(event.session, []).append(event)
    first_logged: dict[str, int] = {}
    for run in logged if settings.runs_from == "both" else ():
        first_logged.setdefault(run.session, run.at)
    runs, rules = [], []
    for session, told_by in sessions.items():
        told = [_told(event, events, settings) for event in told_by]
        for one in told:
            # what was known when it happened
            known = [other for other in told if other.event.at <= one.event.at]
            is_logged = session in first_logged and first_logged[session] <= one.event.at
            if one.rule and not is_logged and _counts(one, known):
                rules.append(one.rule)
        if session not in first_logged:
            runs += _runs_of_session(told, settings)
    return sorted(runs, key=lambda run: (run.at, run.id)), rules


def _told(event: Event, events: Sequence[Event], settings: Settings) -> Told:
    """Return what an event tells of a run."""
    payload = event.payload
    key = None
    if payload.get("costUsd") is not None:
        key = "costUsd"
    elif event.type == "work-item.completed" and payload.get("cost") is not None:
        key = "cost"
    cost = as_measure(as_number(payload[key])) if key else None
    station = _station(event, events, settings)
    is_bad = key is not None and cost is None
    rule = "invalid_measure" if is_bad else "unknown_station" if station is None else None
    return Told(event, key, cost, rule, station)


def _station(event: Event, events: Sequence[Event], settings: Settings) -> str | None:
    """Return where the agent worked."""
    keys = ["stage", "workType"]
    if event.type in ("work-item.handoff", "work-item.rework"):
        keys.append("fromStage")
    for key in keys:
        if name := not_blank(event.payload.get(key)):
            return settings.station(name, event.org)
    earlier = [e.station for e in events if e.type in MOVES and e.issue == event.issue and e.at < event.at]
    return earlier[-1] if earlier and event.issue is not None else None


def _counts(one: Told, known: Sequence[Told]) -> bool:
    """Tell whether an event is a run, or would be one, by what is known of its session."""
    keys = {other.cost_key for other in known if other.cost is not None}
    if one.cost_key == "costUsd":
        return True
    if one.cost_key == "cost":
        return "costUsd" not in keys
    return one.event.type == SUMMARY and not keys & {"costUsd", "cost"}


def _runs_of_session(told: Sequence[Told], settings: Settings) -> list[Run]:
    """Return a session's runs, in order."""
    counting = [one for one in told if one.rule is None and _counts(one, told)]
    summaries = [one.event for one in told if one.event.type == SUMMARY]
    latest = summaries[-1].payload if summaries else {}
    runs = []
    for one in counting:
        payload = one.event.payload
        is_latest = one is counting[-1]
        provider = not_blank(payload.get("provider")) or not_blank(latest.get("provider"))
        model = not_blank(payload.get("model")) or not_blank(latest.get("model"))
        duration = _duration(one.event.type, payload)
        if duration is None and is_latest and summaries:
            duration = _duration(SUMMARY, latest)
        has_tokens, tokens = as_tokens(payload)
        if not has_tokens and is_latest:
            _, tokens = as_tokens(latest)
        run = Run(
            id=one.event.id,
            org=one.event.org,
            at=one.event.at,
            session=cast("str", one.event.session),
            station=cast("str", one.station),
            cost=one.cost,
            duration=duration,
            provider=provider.strip().lower() if provider else settings.provider_of(model),
            source="unknown" if one.cost is None else "reported",
        )
        runs.append(with_computed_cost(run, model, tokens, settings))
    return runs


def _duration(kind: str, payload: object) -> Fraction | None:
    """Return how long the agent worked, as the payload of an event of a type says."""
    values = cast("dict[str, object]", payload)
    stated = as_duration(as_number(values.get("durationMs")))
    if stated is None and kind == SUMMARY:
        stated = as_duration(as_number(values.get("duration")))
    return stated
