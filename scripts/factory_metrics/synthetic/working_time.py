"""Working time: seconds since a Monday, 00:00, in which nights count and weekends hardly do."""

from __future__ import annotations

from datetime import UTC, datetime

# Where `calendar_seconds` begins to count.
MONDAY = datetime(1970, 1, 5, tzinfo=UTC)

MINUTE, HOUR = 60, 3600
DAY = 24 * HOUR
WEEKDAYS = 5 * DAY  # the working time of Monday to Friday
WEEKEND_PACE = 5  # a weekend's clock hours per hour of working time
WEEK = WEEKDAYS + 2 * DAY // WEEKEND_PACE  # the working time of a whole week


def calendar_seconds(working: int) -> int:
    """Turn working time since a Monday, 00:00, into clock time since then: nights count, weekends hardly."""
    weeks, rest = divmod(working, WEEK)
    return weeks * 7 * DAY + rest + max(rest - WEEKDAYS, 0) * (WEEKEND_PACE - 1)


def working_seconds(calendar: int) -> int:
    """Undo `calendar_seconds`, rounding down."""
    weeks, rest = divmod(calendar, 7 * DAY)
    return weeks * WEEK + min(rest, WEEKDAYS) + max(rest - WEEKDAYS, 0) // WEEKEND_PACE
