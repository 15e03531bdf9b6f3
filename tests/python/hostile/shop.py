"""The vocabulary of one random factory, and how its texts are dressed up."""

import random
from dataclasses import dataclass, field

from reference_rows import (
    DAY,
)

from hostile.columns import Row
from hostile.instants import EXTREME_INSTANTS

BLANKS = (" ", "  ", "\t", " \n ", "\r\n", "\u00a0", "\u3000")

MISSING = object()  # a key that is left out


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
        """Return an id that this factory has not used; its order is not the order of the calls."""
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


def without_missing(keys: Row) -> Row:
    """Leave out the keys that are missing."""
    return {key: value for key, value in keys.items() if value is not MISSING}
