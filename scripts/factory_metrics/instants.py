"""Read instants as macros/metrics/clock.sql does, so that a wrong one is refused before a run begins."""

import re
from datetime import UTC, datetime

from factory_metrics.project import UserError
from factory_metrics.shared_constants import ISO_8601


def utc_instant(value: object, what: str) -> datetime:
    """Return an instant in UTC, without a zone; `value` is text, or what YAML makes of it.

    Raises:
        UserError: it is none; the message names `what` it was given as.

    """
    text = str(value).strip()
    try:
        if not re.fullmatch(ISO_8601, text):
            raise ValueError  # noqa: TRY301 - as a day that no month has
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError) as error:
        message = f"{what} is '{text}', which is not an ISO 8601 instant: write it like 2026-06-30T12:00:00Z"
        raise UserError(message) from error
