"""Random factories that are as nasty as the log definition allows: the delivered rows of one org.

The same random state gives the same rows.
"""

import random

import real_forms
from reference_rows import (
    DAY,
    EVENT_TYPES,
    INCIDENT_TYPES,
    PIPELINE_TYPES,
    REVIEW_TYPES,
    SECOND,
    WORK_ITEM_TYPES,
    not_blank,
)
from reference_settings import STATIONS

from hostile.breaks import BAD_TIMESTAMPS, EVENT_BREAKS, RUN_BREAKS, broken, redelivered
from hostile.columns import Row
from hostile.instants import STEPS, iso, window_edges
from hostile.rows import spread_subjects, valid_event, valid_run
from hostile.shop import Shop

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

    events = [] if flavour == "only runs" else [valid_event(shop, rng.choice(kinds)) for _ in range(n_events)]
    runs = [] if flavour == "only events" else [valid_run(shop) for _ in range(n_runs)]
    if flavour == "crowded":
        for number, event in enumerate(events):
            spread_subjects(event, number % 130)
    if flavour == "only later":
        for row, happened in [(e, "occurred_at") for e in events] + [(r, "recorded_at") for r in runs]:
            row[happened] = iso(as_of + rng.choice([1, SECOND, 3 * DAY]))
            row["ingested_at"] = iso(as_of + 9 * DAY)
    share = rng.choice([0.0, 0.05, 0.3])
    events = [real_forms.without_some_values(rng, row) for row in events]
    runs = [real_forms.without_some_values(rng, row) for row in runs]
    events = redelivered(shop, [broken(shop, e, EVENT_BREAKS) if shop.chance(share) else e for e in events])
    runs = redelivered(shop, [broken(shop, r, RUN_BREAKS) if shop.chance(share) else r for r in runs])
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
