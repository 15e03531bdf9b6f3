"""Figures as people read them."""


def length_text(milliseconds: int) -> str:
    """Return a length of time as people say it: `45s`, `15m`, `4.5h`, `2.3d`."""
    seconds = milliseconds / 1000
    for unit, size, digits in (("d", 86400, 1), ("h", 3600, 1), ("m", 60, 0)):
        if seconds >= size:
            return f"{round(seconds / size, digits):g}{unit}"
    return f"{seconds:.0f}s"


def usd_text(amount: float) -> str:
    """Return USD with cents, or with all four decimals below a dollar."""
    return f"${amount:,.4f}" if 0 < amount < 1 else f"${amount:,.2f}"


def percent_text(percent: float) -> str:
    """Return a percentage (0 to 100) with one decimal."""
    return f"{percent:.1f}%"
