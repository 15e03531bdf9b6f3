"""Rows whose meaning depends on settings, and settings that change: stations, orgs, costs, models."""

import json
import random
from collections.abc import Mapping
from pathlib import Path

from hostile.columns import Row

NAMES = ("dev", "Code_Review", "in  progress", "martian", "venusian", "Sign-Off")
MODELS = ("claude-x", "Claude X 2", "gpt-5", "unheard-of", None)
COSTS: tuple[object, ...] = (0, 1.25, "0.000000001", None, None, -1, "text", True)
COUNTS: tuple[object, ...] = (0, 1, 1_000_000, 999_999_999_999, None, 1.5, -1)
ALIASES = (
    "martian,qa,",
    "martian,deploy,org-0",
    "venusian,research,org-1",
    "dev,security,",
    "code review,development,",
)
PRICES = (
    "claude*,2026-01-01,2026-06-15,3,15,0.3,",
    "claude-x,2026-06-01,,1.234567891,2,,",
    "gpt-5,2026-04-01,,0.1,,,1",
)
PROVIDERS = ("unheard,nobody", "claude x,someone")


def with_real_contents(rng: random.Random, row: Row) -> Row:
    """Return a row that names stations, models and costs as real logs do, now and then without its org."""
    changed = dict(row)
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
    if rng.random() < 0.4:
        extras["costUsd"] = rng.choice(COSTS)
    if rng.random() < 0.3:
        extras["cost"] = rng.choice(COSTS)
    if rng.random() < 0.6:
        extras["model"] = rng.choice(MODELS)
    if rng.random() < 0.2:
        extras["provider"] = rng.choice(["Anthropic ", "openai", " ", None])
    if rng.random() < 0.3:
        extras["workType"] = rng.choice([*NAMES, "qa", None])
    if rng.random() < 0.3:
        extras["durationMs"] = rng.choice([0, 5, 60_000, -1, None])
    for key in ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens"):
        if rng.random() < 0.3:
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
        chosen = [line for line in lines if rng.random() < 0.5]
        (folder / f"{name}.csv").write_text("\n".join([header, *chosen]) + "\n", encoding="utf-8")
    return {
        "seeds_path": str(folder),
        "default_org": rng.choice([None, "org-0", "else's"]),
        "runs_from": rng.choice(["factory_metrics", "factory_events", "both", "both"]),
    }


def changed(rng: random.Random, variables: str, folder: Path) -> str:
    """Return dbt's variables with other settings."""
    return json.dumps(json.loads(variables) | random_settings(rng, folder))
