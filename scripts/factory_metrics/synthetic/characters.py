"""How orgs of made-up factories work, and the models that their agents run on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Model:
    """A model that agents run on. Prices are in billionths of a US dollar per token."""

    provider: str
    name: str
    input_price: int
    output_price: int


SONNET = Model("anthropic", "claude-sonnet-4-5", 3000, 15000)
HAIKU = Model("anthropic", "claude-haiku-4-5", 1000, 5000)
GPT = Model("openai", "gpt-5", 1250, 10000)
GPT_MINI = Model("openai", "gpt-5-mini", 250, 2000)
GEMINI = Model("google", "gemini-2.5-pro", 1250, 10000)
MISTRAL = Model("mistral", "devstral-medium", 400, 2000)


@dataclass(frozen=True)
class Character:
    """How an org works. The `*_pct` fields are chances in percent; the models have whole weights."""

    models: Mapping[Model, int]
    reviewers: tuple[str, ...]
    escalations: tuple[str | None, ...]
    runs: tuple[int, ...]  # agent runs per visit to a station: one of these numbers
    pace: int  # the longest pause between two runs, seconds
    review_pct: int  # a human reviews a visit to a station other than acceptance
    reject_pct: int  # a review rejects
    rework_pct: int  # a visit fails its checks
    override_pct: int  # a human overrides a decision
    incident_pct: int  # a production deployment causes an incident
    parked_pct: int  # an issue stays in a station for good
