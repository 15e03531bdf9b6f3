"""Instants on the borders of windows, units and the calendar, and the texts that stand for them."""

import random
from datetime import datetime, timedelta
from fractions import Fraction

from reference_rows import (
    DAY,
    SECOND,
    as_instant,
)


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

# Beyond the calendar, in UTC or already as they are written.
NO_INSTANTS = (
    "0000-01-01T00:00:00Z",
    "0000-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:00-00:01",
)


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
