"""Turn an org's documents into the page, by the template that shows it."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from factory_metrics.documents.contract import METRIC_TYPES
from factory_metrics.project import FIRST_RANGE, UserError
from factory_metrics.report.charts import printable
from factory_metrics.report.formats import (
    day_text,
    instant_text,
    length_text,
    percent_text,
    station_text,
    usd_text,
)
from factory_metrics.report.source import Source
from factory_metrics.report.style import content_security_policy, style_sheet
from factory_metrics.report.window import NONE, Metrics, window

_FOLDER = Path(__file__).parent


def render(source: Source) -> bytes:
    """Return the page, UTF-8; the same source makes the same bytes.

    Raises:
        UserError: a document does not fit the contract.

    """
    decoded = _decode(source)
    windows = [
        window(time_range, decoded, source.unknown_cost_runs.get(time_range, 0)) for time_range in decoded
    ]
    style = style_sheet(list(decoded))
    template = _environment().get_template("page.html")
    fingerprint = sha256(b"\n".join(content for _, content in source.documents)).hexdigest()
    text = template.render(
        org=source.org,
        as_of=instant_text(source.as_of),
        documents=len(source.documents),
        fingerprint=fingerprint[:16],
        policy=content_security_policy(style),
        style=Markup(style),  # noqa: S704 - ours
        windows=windows,
        first_range=FIRST_RANGE if FIRST_RANGE in decoded else next(iter(decoded)),
    )
    return f"{text.strip()}\n".encode()


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    environment.filters |= {
        "duration": length_text,
        "usd": usd_text,
        "percent": percent_text,
        "count": "{:,}".format,
        "day": day_text,
        "station": station_text,
        "instant": lambda text: NONE if text is None else instant_text(text),
    }
    return environment


def _decode(source: Source) -> dict[str, Metrics]:
    """Return the metrics of each range."""
    found: dict[str, dict[str, Any]] = {}
    for mart, content in source.documents:
        try:
            document: Any = msgspec.json.decode(content, type=METRIC_TYPES[mart.metric_type])
        except msgspec.DecodeError as error:
            message = (
                f"the document {mart.metric_type}/{mart.time_range}.json of org {source.org!r} "
                f"is not as documented: {error}; write it again with scripts/serialize_marts.py"
            )
            raise UserError(message) from error
        found.setdefault(mart.time_range, {})[mart.metric_type] = document.metrics
    return {time_range: Metrics(**metrics) for time_range, metrics in found.items()}
