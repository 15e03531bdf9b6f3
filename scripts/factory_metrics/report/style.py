"""The page's style sheet, and the policy that lets a browser use nothing else."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

_FILE = Path(__file__).with_name("page.css")


def style_sheet(time_ranges: Sequence[str]) -> str:
    """Return the style sheet; which range is shown depends on the radio button that is checked."""
    chosen = [
        f'body:has(#range-{name}:checked) [data-range]:not([data-range="{name}"]) {{ display: none; }}'
        for name in time_ranges
    ]
    return "\n".join([_FILE.read_text("utf-8"), *chosen, ""])


def content_security_policy(style: str) -> str:
    """Return the `Content-Security-Policy` of a page with this style sheet: no scripts, no requests."""
    digest = b64encode(sha256(style.encode()).digest()).decode()
    parts = ("default-src 'none'", f"style-src 'sha256-{digest}'", "img-src data:")
    return "; ".join([*parts, "base-uri 'none'", "form-action 'none'"])
