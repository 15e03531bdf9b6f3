"""What settings give the logs, in plain Python: names of stations, an org, prices, providers.

See reference.py. Lines of seeds are read as their definition says, and taken to be right.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

STATIONS = ("research", "development", "security", "qa", "acceptance", "deploy")
TOKEN_KINDS = {
    "input": "inputTokens",
    "output": "outputTokens",
    "cache_read": "cacheReadTokens",
    "cache_write": "cacheWriteTokens",
}
_SEEDS = Path(__file__).parents[2] / "seeds"
_SEPARATORS = re.compile(r"[-_\s\x1c-\x1f]+")


@dataclass(frozen=True)
class Price:
    """A line of `model_prices`: what a million tokens of each kind cost on some days; None for unknown."""

    model: str
    is_beginning: bool
    first_day: date
    last_day: date
    per_million: dict[str, Fraction | None]

    def is_of(self, model: str, day: date) -> bool:
        """Tell whether it holds for a model on a day."""
        is_named = model.startswith(self.model) if self.is_beginning else model == self.model
        return is_named and self.first_day <= day <= self.last_day

    def cost(self, tokens: Mapping[str, Fraction]) -> Fraction | None:
        """Return what tokens cost, unrounded; None if a kind of them has no price."""
        costs = []
        for kind, count in tokens.items():
            price = self.per_million[kind]
            if count and price is None:
                return None
            costs.append(count * (price or 0) / 1_000_000)
        return sum(costs, Fraction(0))


@dataclass(frozen=True)
class Settings:
    """The settings of a run. Aliases are by name and org (None for all)."""

    runs_from: str = "factory_metrics"
    default_org: str | None = None
    aliases: Mapping[tuple[str, str | None], str] = field(default_factory=dict)
    prices: tuple[Price, ...] = ()
    providers: Mapping[str, str] = field(default_factory=dict)

    def station(self, name: str | None, org: str | None) -> str | None:
        """Return the station that a name stands for in an org."""
        key = compared(name or "")
        if key in STATIONS:
            return key
        return self.aliases.get((key, org)) or self.aliases.get((key, None))

    def computed_cost(
        self, model: str | None, tokens: Mapping[str, Fraction] | None, day: date
    ) -> Fraction | None:
        """Return what a run cost by its tokens, or None; no tokens, or bad ones, are None."""
        if model is None or tokens is None:
            return None
        known = [price for price in self.prices if price.is_of(without_blanks(model), day)]
        if not known:
            return None
        return max(known, key=lambda p: (len(p.model), p.first_day, not p.is_beginning)).cost(tokens)

    def provider_of(self, model: str | None) -> str:
        """Return whose a model is, by how its name begins."""
        found = [prefix for prefix in self.providers if without_blanks(model or "").startswith(prefix)]
        return self.providers[max(found, key=len)] if found else "unknown"


def compared(name: str) -> str:
    """Return a station's name as names are compared."""
    return _SEPARATORS.sub("-", name.strip().lower())


def without_blanks(model: str) -> str:
    """Return a model's name as names are compared."""
    return "".join(model.lower().split())


def settings(variables: Mapping[str, object]) -> Settings:
    """Return the settings that dbt's variables name, with the project's lines and the user's own."""
    own, org = variables.get("seeds_path"), variables.get("default_org")
    folders = [_SEEDS, *([Path(str(own))] if own else [])]  # later lines win
    aliases, prices, providers = {}, {}, {}
    for folder in folders:
        for line in _lines(folder / "station_aliases.csv"):
            aliases[compared(line["alias"]), line["org_id"] or None] = line["station"]
        for line in _lines(folder / "model_prices.csv"):
            prices[line["model"], line["valid_from"]] = _price(line)
        for line in _lines(folder / "model_providers.csv"):
            providers[without_blanks(line["prefix"])] = line["provider"]
    return Settings(
        runs_from=str(variables.get("runs_from") or "factory_metrics"),
        default_org=str(org) if org and str(org).strip() else None,
        aliases=aliases,
        prices=tuple(prices.values()),
        providers=providers,
    )


def _lines(path: Path) -> Iterator[dict[str, str]]:
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)


def _price(line: Mapping[str, str]) -> Price:
    model = without_blanks(line["model"])
    return Price(
        model=model.removesuffix("*"),
        is_beginning=model.endswith("*"),
        first_day=date.fromisoformat(line["valid_from"]),
        last_day=date.fromisoformat(line["valid_to"]) if line["valid_to"] else date.max,
        per_million={kind: Fraction(Decimal(line[kind])) if line[kind] else None for kind in TOKEN_KINDS},
    )
