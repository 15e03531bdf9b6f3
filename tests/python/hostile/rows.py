"""Valid rows of events and runs, whose values are as odd as the log definition allows."""

from collections.abc import Callable

from reference_rows import (
    DAY,
    SECOND,
)

from hostile.columns import Row
from hostile.instants import FIRST_INSTANT, LAST_INSTANT, NO_INSTANTS, STEPS, iso, offset_text
from hostile.shop import MISSING, Shop, dressed, without_missing

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

# Lengths of reviews; the last ones are too long to count as stated.
EXTREME_REVIEWS = (9_999_999_999_999_999_999, 9e18, 1e-9, 10**19, 1e19, 1e300)


def valid_event(shop: Shop, kind: str) -> Row:
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
        "payload": without_missing(
            PAYLOADS[kind](shop, at) | {"extra": shop.pick(MISSING, [1], {"a": None})}
        ),
    }


def valid_run(shop: Shop) -> Row:
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
        "metadata": without_missing(
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


def spread_subjects(event: Row, number: int) -> None:
    """Give an event a pipeline, a deployment or an incident of its own."""
    payload = event["payload"]
    if isinstance(payload, dict):
        for key in ("pipelineId", "deploymentId", "incidentId"):
            if key in payload and str(event["event_type"]).startswith(key[:-2]):
                payload[key] = f"{key[0]}{number}"
