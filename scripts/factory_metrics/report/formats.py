"""Figures as people read them, rounded half away from zero, as documents are."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from factory_metrics.shared_constants import LENGTH_UNITS


def length_text(milliseconds: int) -> str:
    """Return a length of time as people say it: `45s`, `15m`, `4.5h`, `2.3d`."""
    seconds = Decimal(milliseconds) / 1000
    (shortest, _, _), *longer = LENGTH_UNITS
    for unit, size, decimals in reversed(longer):
        if seconds >= size:
            return f"{float(_rounded(seconds / size, decimals)):g}{unit}"
    return f"{_rounded(seconds, 0)}{shortest}"


def usd_text(amount: float) -> str:
    """Return USD with cents, or with all four decimals below a dollar."""
    return f"${_rounded(amount, 4 if 0 < amount < 1 else 2):,}"


def percent_text(percent: float) -> str:
    """Return a percentage (0 to 100) with one decimal."""
    return f"{_rounded(percent, 1)}%"


def station_text(station: str) -> str:
    """Return a station's name for people."""
    return "QA" if station == "qa" else station.capitalize()


def day_text(day: date) -> str:
    """Return a day for people: `2 Jun 2026`."""
    return f"{day:%-d %b %Y}"


def instant_text(text: str) -> str:
    """Return an instant of a document for people: `2026-06-02 14:00 UTC`."""
    return f"{text[:10]} {text[11:16]} UTC"


def _rounded(number: float | Decimal, digits: int) -> Decimal:
    return Decimal(str(number)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
