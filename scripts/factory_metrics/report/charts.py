"""Charts as SVG: Vega-Lite, drawn by the Vega project's own code, which vl-convert runs without a browser.

Colours are variables of the page's style sheet, so a chart follows the theme of its reader. Charts are
made for a width of 360 pixels, and scale with their place.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any
from xml.etree import ElementTree as ET

import vl_convert
from markupsafe import Markup
from msgspec import Struct

from factory_metrics.report.formats import usd_text

_WIDTH = 360
_DAYS_HEIGHT = 150
_ROW_HEIGHT = 26
# Fonts of readers may be wider than the one that labels are cut by.
_LONGEST_LABEL = 96
_LABELS_WIDTH = 116
_CHARACTER_WIDTH = 8
_MOST_DAY_LABELS = 5
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_CONFIG = {
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--muted)",
        "labelFontSize": 13,
        "gridColor": "var(--line)",
        "domain": False,
        "ticks": False,
        "title": None,
    },
}
_FULL_PRECISION = re.compile(r"-?\d+\.\d{2,}")
# XML has no place for these, nor has HTML.
_NOT_TEXT = dict.fromkeys((*range(32), *range(127, 160), 0xFFFE, 0xFFFF), "\ufffd")

# Stacks have clips, with numbers that are others each time.
_NOT_STACKED = {"stack": None}

Spec = dict[str, Any]


class Bar(Struct, frozen=True):
    """A bar: what it is for, its length, and its length as text."""

    label: str
    value: float
    text: str


def printable(text: str) -> str:
    """Return a text with a replacement character for each control character."""
    return text.translate(_NOT_TEXT)


def sparkline(days: Sequence[tuple[date, float]], description: str) -> Markup:
    """Return a line without axes."""
    value: Spec = {"field": "value", "type": "quantitative", "axis": None, "scale": {"zero": True}}
    x: Spec = {"field": "day", "type": "quantitative", "axis": None, "scale": {"nice": False, "zero": False}}
    spec = {
        "height": 40,
        "data": {"values": [{"day": at, "value": amount} for at, (_, amount) in enumerate(days)]},
        "encoding": {"x": x, "y": value},
        "layer": [
            {"mark": {"type": "area", "color": "var(--accent-soft)", "aria": False}},
            {"mark": {"type": "line", "color": "var(--accent)", "strokeWidth": 2, "aria": False}},
        ],
    }
    return _draw(spec | {"padding": 0}, description, stretched=True)


def day_bars(days: Sequence[tuple[date, float]], description: str, *, money: bool) -> Markup:
    """Return a bar for each day, of USD or of counts; hovering tells the day's figure."""
    values = [
        {
            "day": day.isoformat(),
            "value": amount,
            "text": f"{day:%-d %b %Y}: {usd_text(amount) if money else f'{amount:g}'}",
        }
        for day, amount in days
    ]
    axis: Spec = {"format": "$,~r", "tickCount": 4}
    if not money:
        # Vega would have halves.
        highest = int(max(amount for _, amount in days))
        axis = {"format": ",d", "values": list(range(0, highest + 1, -(-highest // 4)))}
    spec = {
        "height": _DAYS_HEIGHT,
        "data": {"values": values},
        "mark": {"type": "bar", "color": "var(--accent)", "cornerRadiusEnd": 1.5},
        "encoding": {
            "x": {
                "field": "day",
                "type": "ordinal",
                "axis": {
                    "values": [of["day"] for of in values[:: -(-len(values) // _MOST_DAY_LABELS)]],
                    "labelExpr": "utcFormat(utcParse(datum.value, '%Y-%m-%d'), '%-d %b')",
                    "labelAngle": 0,
                    "labelPadding": 5,
                },
            },
            "y": {"field": "value", "type": "quantitative", "axis": axis} | _NOT_STACKED,
            "description": {"field": "text"},
        },
    }
    return _draw(spec, description)


def row_bars(rows: Sequence[Bar], description: str) -> Markup:
    """Return a horizontal bar for each row, in their order, with its text at the end; one is above zero."""
    values = [
        {"key": at, "label": label, "value": row.value, "text": row.text, "name": f"{label}: {row.text}"}
        for at, row in enumerate(rows)
        for label in [printable(row.label)]
    ]
    texts_width = _CHARACTER_WIDTH * (2 + max(len(row.text) for row in rows))
    spec = {
        "height": _ROW_HEIGHT * len(rows),
        "data": {"name": "rows", "values": values},
        "encoding": {
            # Two labels may be the same once they are printable.
            "y": {
                "field": "key",
                "type": "ordinal",
                "sort": None,
                "axis": {
                    "labelExpr": "data('rows')[datum.value].label",
                    "labelLimit": _LONGEST_LABEL,
                    "labelAlign": "left",
                    "labelPadding": _LABELS_WIDTH,
                    "minExtent": _LABELS_WIDTH,
                    "maxExtent": _LABELS_WIDTH,
                },
            },
            "x": {
                "field": "value",
                "type": "quantitative",
                "axis": None,
                "scale": {
                    "domain": [0, max(row.value for row in rows)],
                    "nice": False,
                    "range": [0, {"expr": f"width - {texts_width}"}],
                },
            }
            | _NOT_STACKED,
        },
        "layer": [
            {
                "mark": {"type": "bar", "color": "var(--accent)", "height": 14, "cornerRadiusEnd": 2},
                "encoding": {"description": {"field": "name"}},
            },
            {
                "mark": {
                    "type": "text",
                    "align": "left",
                    "dx": 5,
                    "fontSize": 13,
                    "color": "var(--ink)",
                    "aria": False,
                },
                "encoding": {"text": {"field": "text"}},
            },
        ],
    }
    return _draw(spec, description)


def _draw(spec: Spec, description: str, *, stretched: bool = False) -> Markup:
    """Return the chart, an image with a description; browsers show the titles of its marks on hovering."""
    usual = {
        "$schema": _SCHEMA,
        "width": _WIDTH,
        "background": None,
        "padding": 2,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": _CONFIG,
    }
    text = vl_convert.vegalite_to_svg(usual | spec, allowed_base_urls=[])
    # Within HTML no namespaces are needed.
    image = ET.fromstring(re.sub(r' xmlns(:\w+)?="[^"]*"', "", text, count=2))  # noqa: S314 - Vega's
    for parent in list(image.iter()):
        for child in list(parent):
            if child.get("class") in {"background", "foreground"}:
                parent.remove(child)
    for mark in image.iter():
        label = mark.attrib.pop("aria-label", None)
        if label is not None and mark.tag == "path":
            ET.SubElement(mark, "title").text = label
        for name in [name for name in mark.attrib if name.startswith("aria-") or name in _UNUSED]:
            del mark.attrib[name]
        for name in mark.attrib.keys() & {"d", "transform", "x2", "y2"}:
            mark.set(name, _FULL_PRECISION.sub(lambda found: f"{float(found[0]):.1f}", mark.attrib[name]))
    for name in ("width", "height", "version"):
        image.attrib.pop(name, None)
    image.attrib |= {"class": "chart", "role": "img", "aria-label": description}
    if stretched:
        image.set("preserveAspectRatio", "none")
    return Markup(ET.tostring(image, encoding="unicode"))  # noqa: S704 - ElementTree escapes


_UNUSED = {"role", "class", "pointer-events", "opacity", "font-family"}
