"""What a dashboard is made of, apart from any tool's format: charts of flat views, in sections of tabs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Measure(NamedTuple):
    """A number: what it is called, and SQL that aggregates to it, in DuckDB and in PostgreSQL."""

    label: str
    sql: str


class Dimension(NamedTuple):
    """What rows are grouped by: a column, or SQL where the column does not sort as it should."""

    label: str
    sql: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart of a flat view; the width is in twelfths of the page."""

    title: str
    view: str
    width: int


@dataclass(frozen=True, kw_only=True)
class Number(Chart):
    """One big number."""

    measure: Measure


@dataclass(frozen=True, kw_only=True)
class Bars(Chart):
    """Bars over a category, or over days if `by_day`."""

    dimension: Dimension
    measures: tuple[Measure, ...]
    by_day: bool = False


@dataclass(frozen=True, kw_only=True)
class Shares(Chart):
    """A pie."""

    dimension: Dimension
    measure: Measure


@dataclass(frozen=True, kw_only=True)
class GroupedTable(Chart):
    """A table of measures, sorted by `order`, lowest first."""

    dimensions: tuple[Dimension, ...]
    measures: tuple[Measure, ...]
    order: Measure


@dataclass(frozen=True, kw_only=True)
class Listing(Chart):
    """A table of rows as they are, sorted by the column `order`."""

    columns: tuple[str, ...]
    order: str


class Section(NamedTuple):
    """Charts of one subject, in rows."""

    title: str
    rows: tuple[tuple[Chart, ...], ...]


class Tab(NamedTuple):
    """A page of the dashboard."""

    title: str
    sections: tuple[Section, ...]


class Filter(NamedTuple):
    """A choice of a value of `column`, taken from a view, for the charts of a tab or, without one, for all.

    `default` is the value at first: None stands for the first there is, and an optional filter has none.
    """

    title: str
    column: str
    view: str
    default: str | None = None
    tab: str | None = None
    is_optional: bool = False
