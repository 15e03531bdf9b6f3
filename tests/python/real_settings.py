"""Rows whose meaning depends on settings, and settings that change: stations, orgs, costs, models."""

import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path

from hostile.columns import Row
from reference_rows import EVENT_TYPES, as_instant, not_blank

NAMES = ("dev", "Code_Review", "in  progress", "martian", "venusian", "Sign-Off")
MODELS = ("claude-x", "claude-x", "Claude X 2", "gpt-5", "unheard-of", None)
COSTS: tuple[object, ...] = (0, 1.25, 0.5, 1e-9, None, None, None, None, "1.25", -1, True)
COUNTS: tuple[object, ...] = (0, 1, 1, 250, 1e6, 10**12, None, None, 1.5, 1.0000000001, 1e-10, -1, "7")
ALIASES = (
    "martian,qa,",
    "martian,deploy,org-0",
    "venusian,research,acme",
    "dev,security,",
    "code review,development,",
)
PRICES = (
    "claude*,2023-01-01,2026-06-15,3,15,0.3,",
    "claude-x,2023-06-01,,1.234567891,2,,",
    "gpt-5,2023-06-01,,0.1,,,1",
    "claude-x,2026-06-20,2026-06-25,9,9,9,9",
)
PROVIDERS = ("unheard,nobody", "claude x,someone")


def certain_contents(seed: int, rows: Iterable[Row], clock: str, default_org: object) -> list[Row]:
    """Return rows with such contents: equal ones for deliveries of one id, so that it is certain which count.

    Of deliveries that were landed at the same time and differ only one is left.
    """
    changed: dict[tuple[object, ...], Row] = {}
    repeated = []
    for number, row in enumerate(rows):
        rng = random.Random(f"{seed} {row.get('org_id')} {row.get('id')}")
        copy = with_real_contents(rng, row)
        landed = as_instant(copy.get("ingested_at")) or as_instant(copy.get(clock))
        org, name = not_blank(copy.get("org_id")) or default_org, not_blank(copy.get("id"))
        key = (org, name, landed) if org and name and landed is not None else (number,)
        if changed.setdefault(key, copy) is not copy and changed[key] == copy:
            repeated.append(copy)
    return [*changed.values(), *repeated]


def with_real_contents(rng: random.Random, row: Row) -> Row:
    """Return a row with names of stations, models and costs as real logs have them.

    Now and then it has no org, or is what an agent tells when it ends.
    """
    changed = dict(row)
    if rng.random() < 0.2 and changed.get("event_type") in EVENT_TYPES:
        changed["event_type"] = "agent.tool-summary"
    if rng.random() < 0.1:
        changed["org_id"] = None
    if rng.random() < 0.3 and changed.get("station"):
        changed["station"] = rng.choice(NAMES)
    for column in ("payload", "metadata"):
        content = changed.get(column)
        if isinstance(content, Mapping) and rng.random() < 0.6:
            changed[column] = {**content, **_extras(rng, content)}
    return changed


def _extras(rng: random.Random, content: Mapping[str, object]) -> dict[str, object]:
    extras: dict[str, object] = {
        key: rng.choice(NAMES)
        for key in ("stage", "toStage", "fromStage")
        if key in content and rng.random() < 0.5
    }
    if rng.random() < 0.25:
        extras["costUsd"] = rng.choice(COSTS)
    if rng.random() < 0.3:
        extras["cost"] = rng.choice(COSTS)
    if "model" in content or rng.random() < 0.4:
        extras["model"] = rng.choice(MODELS)
    if rng.random() < 0.2:
        extras["provider"] = rng.choice(["Anthropic ", "openai", " ", None])
    if rng.random() < 0.3:
        extras["workType"] = rng.choice([*NAMES, "qa", None])
    if rng.random() < 0.3:
        extras["durationMs"] = rng.choice([0, 5, 60_000, -1, None])
    for key in ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens"):
        if rng.random() < 0.4:
            extras[key] = rng.choice(COUNTS)
    return extras


def random_settings(rng: random.Random, folder: Path) -> dict[str, object]:
    """Write users' lines of the seeds into a folder; return the variables that go with them."""
    folder.mkdir(exist_ok=True)
    files = {
        "station_aliases": ("alias,station,org_id", ALIASES),
        "model_prices": ("model,valid_from,valid_to,input,output,cache_read,cache_write", PRICES),
        "model_providers": ("prefix,provider", PROVIDERS),
    }
    for name, (header, lines) in files.items():
        chosen = [line for line in lines if line == lines[0] or rng.random() < 0.5]
        (folder / f"{name}.csv").write_text("\n".join([header, *chosen]) + "\n", encoding="utf-8")
    return {
        "seeds_path": str(folder),
        "default_org": rng.choice([None, "org-0", "else's"]),
        "runs_from": rng.choice(["factory_metrics", "factory_events", "both", "both"]),
    }


def changed(rng: random.Random, variables: str, folder: Path) -> str:
    """Return dbt's variables with other settings."""
    return json.dumps(json.loads(variables) | random_settings(rng, folder))
