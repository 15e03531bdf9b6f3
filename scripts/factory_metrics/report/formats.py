"""Figures as people read them, rounded half away from zero, as documents are."""

from decimal import ROUND_HALF_UP, Decimal


def length_text(milliseconds: int) -> str:
    """Return a length of time as people say it: `45s`, `15m`, `4.5h`, `2.3d`."""
    seconds = Decimal(milliseconds) / 1000
    for unit, size, digits in (("d", 86400, 1), ("h", 3600, 1), ("m", 60, 0)):
        if seconds >= size:
            return f"{float(_rounded(seconds / size, digits)):g}{unit}"
    return f"{_rounded(seconds, 0)}s"


def usd_text(amount: float) -> str:
    """Return USD with cents, or with all four decimals below a dollar."""
    return f"${_rounded(amount, 4 if 0 < amount < 1 else 2):,}"


def percent_text(percent: float) -> str:
    """Return a percentage (0 to 100) with one decimal."""
    return f"{_rounded(percent, 1)}%"


def _rounded(number: float | Decimal, digits: int) -> Decimal:
    return Decimal(str(number)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
