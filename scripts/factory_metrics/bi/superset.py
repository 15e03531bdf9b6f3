"""The dashboard in the export format of Apache Superset: documents that its import reads as files of YAML.

Ids are derived from names, so that an import knows what it imported before. Superset wants a chart twice:
`params` are for its pages, which make queries of them; `query_context` is the query itself, for reports and
for who asks the server. Both are made here from one chart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid5

import msgspec

from factory_metrics.bi.dashboard import FILTERS, TABS, TITLE
from factory_metrics.bi.dashboard_parts import (
    Bars,
    Chart,
    Dimension,
    Filter,
    GroupedTable,
    Listing,
    Measure,
    Number,
    Shares,
    Tab,
)
from factory_metrics.project import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from factory_metrics.bi.flat_views import FlatView

_NAMESPACE = UUID("6b1f0d52-3c0e-5d8e-9a4e-6f2a54c6c0de")
_VERSION = "1.0.0"

# Types of flat views as Superset finds them in DuckDB, and whether they are times.
_TYPES = {
    "VARCHAR": ("VARCHAR", False),
    "DATE": ("DATE", True),
    "TIMESTAMP": ("TIMESTAMP WITHOUT TIME ZONE", True),
    "BIGINT": ("BIGINT", False),
    "DOUBLE": ("FLOAT", False),
    "BOOLEAN": ("BOOLEAN", False),
}

# How long Superset may show what it has read before, in seconds; its default can be a day.
_CACHE_SECONDS = 60

_ROW_LIMIT = 10_000
_HEIGHT = {Number: 22, Bars: 50, Shares: 50, GroupedTable: 50, Listing: 50}

YamlObject = dict[str, Any]


def export(views: Sequence[FlatView], uri: str, schema: str) -> dict[str, YamlObject]:
    """Return the files of the dashboard by their path, with a dataset for each view, shown or not.

    `uri` is the database, and `schema` is where the views are in it.

    Raises:
        UserError: a chart wants a view or a column that is not there.

    """
    known = {view.name: view for view in views}
    for chart in charts():
        _check(chart, known)
    files = {
        "metadata.yaml": {"version": _VERSION, "type": "Dashboard", "timestamp": "2026-01-01T00:00:00+00:00"},
        "databases/factory_metrics.yaml": _database(uri),
    }
    files |= {f"datasets/factory_metrics/{view.name}.yaml": _dataset(view, schema) for view in views}
    files |= {f"charts/{_file_name(chart.title)}.yaml": _chart(chart) for chart in charts()}
    files[f"dashboards/{_file_name(TITLE)}.yaml"] = _dashboard()
    return files


class _Query(NamedTuple):
    """What a chart asks for."""

    columns: list[Any]
    metrics: list[YamlObject] | None  # None: rows as they are, not grouped
    orderby: list[tuple[Any, bool]]


def charts() -> Iterator[Chart]:
    """Return all charts of the dashboard."""
    for tab in TABS:
        for section in tab.sections:
            for row in section.rows:
                yield from row


def _check(chart: Chart, views: dict[str, FlatView]) -> None:
    """Check that a view is there with the columns that a chart names; its SQL is checked where it runs."""
    if chart.view not in views:
        message = (
            f"chart {chart.title!r}: there is no view {chart.view}: build the warehouse again, or fix it"
        )
        raise UserError(message)
    if isinstance(chart, Listing):
        missing = {*chart.columns, chart.order} - {column.name for column in views[chart.view].columns}
        if missing:
            message = f"chart {chart.title!r}: view {chart.view} has no {', '.join(sorted(missing))}"
            raise UserError(message)


def _id(kind: str, name: str) -> str:
    return str(uuid5(_NAMESPACE, f"{kind}/{name}"))


def _file_name(title: str) -> str:
    words = "".join(char if char.isalnum() else " " for char in title.lower()).split()
    return "_".join(words)


def _database(uri: str) -> YamlObject:
    return {
        "database_name": TITLE,
        "sqlalchemy_uri": uri,
        "cache_timeout": _CACHE_SECONDS,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "extra": {"allows_virtual_table_explore": True},
        "uuid": _id("database", TITLE),
        "version": _VERSION,
    }


def _dataset(view: FlatView, schema: str) -> YamlObject:
    columns = []
    for column in view.columns:
        kind, is_time = _TYPES[column.type]
        columns.append(
            {
                "column_name": column.name,
                "is_dttm": is_time,
                "is_active": True,
                "type": kind,
                "groupby": True,
                "filterable": True,
                "description": column.description,
            }
        )
    return {
        "table_name": view.name,
        "main_dttm_col": "as_of",
        "description": view.description,
        "schema": schema,
        "uuid": _id("dataset", view.name),
        "metrics": [],
        "columns": columns,
        "version": _VERSION,
        "database_uuid": _id("database", TITLE),
    }


def _metric(measure: Measure) -> YamlObject:
    return {
        "expressionType": "SQL",
        "sqlExpression": measure.sql,
        "label": measure.label,
        "hasCustomLabel": True,
        "optionName": f"metric_{_file_name(measure.label)}",
    }


def _column(dimension: Dimension) -> Any:  # noqa: ANN401 - a name, or a column that is made of SQL
    if dimension.sql.isidentifier():
        return dimension.sql
    return {"expressionType": "SQL", "sqlExpression": dimension.sql, "label": dimension.label}


def _chart(chart: Chart) -> YamlObject:
    kind, settings, query = _settings(chart)
    params = {"viz_type": kind, "datasource": "0__table", "adhoc_filters": [], **settings}
    context = {
        "datasource": {"id": 0, "type": "table"},
        "force": False,
        "queries": [
            {
                "filters": [],
                "extras": {"having": "", "where": ""},
                "columns": query.columns,
                "metrics": query.metrics,
                "orderby": query.orderby,
                "row_limit": _ROW_LIMIT,
            }
        ],
        "form_data": params,
        "result_format": "json",
        "result_type": "full",
    }
    return {
        "slice_name": chart.title,
        "viz_type": kind,
        "params": params,
        "query_context": msgspec.json.encode(context).decode(),
        "cache_timeout": None,
        "uuid": _id("chart", chart.title),
        "version": _VERSION,
        "dataset_uuid": _id("dataset", chart.view),
    }


def _settings(chart: Chart) -> tuple[str, YamlObject, _Query]:
    """Return what Superset calls the kind of chart, its settings, and its query."""
    match chart:
        case Number(measure=measure):
            metric = _metric(measure)
            settings = {"metric": metric, "header_font_size": 0.4, "y_axis_format": "SMART_NUMBER"}
            return "big_number_total", settings, _Query([], [metric], [])
        case Bars(dimension=dimension, measures=measures, by_day=by_day):
            metrics, column = [_metric(measure) for measure in measures], _column(dimension)
            settings = {
                "x_axis": column,
                "metrics": metrics,
                "groupby": [],
                "x_axis_sort": dimension.label if isinstance(column, dict) else column,
                "x_axis_sort_asc": True,
                "show_legend": len(metrics) > 1,
                "rich_tooltip": True,
                "row_limit": _ROW_LIMIT,
                "y_axis_format": "SMART_NUMBER",
            }
            if by_day:
                settings |= {"time_grain_sqla": "P1D", "x_axis_time_format": "%d %b"}
            return "echarts_timeseries_bar", settings, _Query([column], metrics, [(column, True)])
        case Shares(dimension=dimension, measure=measure):
            metric, column = _metric(measure), _column(dimension)
            settings = {
                "groupby": [column],
                "metric": metric,
                "sort_by_metric": True,
                "label_type": "key_value_percent",
                "row_limit": 100,
            }
            return "pie", settings, _Query([column], [metric], [(metric, False)])
        case GroupedTable(dimensions=dimensions, measures=measures, order=order):
            metrics, columns = [_metric(measure) for measure in measures], [*map(_column, dimensions)]
            settings = {
                "query_mode": "aggregate",
                "groupby": columns,
                "metrics": metrics,
                "timeseries_limit_metric": _metric(order),
                "order_desc": False,
                "row_limit": _ROW_LIMIT,
                "show_cell_bars": False,
            }
            return "table", settings, _Query(columns, metrics, [(_metric(order), True)])
        case Listing(columns=names, order=name):
            settings = {
                "query_mode": "raw",
                "all_columns": [*names],
                "order_by_cols": [msgspec.json.encode([name, True]).decode()],
                "row_limit": _ROW_LIMIT,
                "table_timestamp_format": "%Y-%m-%d %H:%M",
            }
            return "table", settings, _Query([*names], None, [(name, True)])
    raise TypeError(chart)


def _dashboard() -> YamlObject:
    return {
        "dashboard_title": TITLE,
        "description": "The seven metric types of one org over one range, and its projects.",
        "slug": "factory-metrics",
        "published": True,
        "uuid": _id("dashboard", TITLE),
        "position": _position({chart.title: number for number, chart in enumerate(charts(), start=1)}),
        "metadata": {
            "native_filter_configuration": [*map(_filter, FILTERS)],
            "cross_filters_enabled": False,
            "refresh_frequency": 0,
            "color_scheme": "supersetColors",
        },
        "version": _VERSION,
    }


def _position(numbers: dict[str, int]) -> YamlObject:
    """Return the layout: tabs of sections, each a header and rows of charts, which have numbers here."""
    layout: YamlObject = {"DASHBOARD_VERSION_KEY": "v2"}

    def add(kind: str, name: str, parents: list[str], meta: YamlObject | None = None) -> list[str]:
        """Add a part to the last of the parents; return it with them."""
        key = kind if kind.endswith("_ID") else f"{kind}-{name}"
        kinds = {"ROOT_ID": "ROOT", "GRID_ID": "GRID", "HEADER_ID": "HEADER"}
        layout[key] = {"type": kinds.get(kind, kind), "id": key, "children": [], "parents": parents}
        if meta is not None:
            layout[key]["meta"] = meta
        if parents and kind not in {"GRID_ID", "HEADER_ID"}:
            layout[parents[-1]]["children"].append(key)
        return [*parents, key]

    root = add("ROOT_ID", "", [])
    add("GRID_ID", "", root)
    add("HEADER_ID", "", [], {"text": TITLE})
    tabs = add("TABS", "all", root, {})
    for tab in TABS:
        in_tab = add("TAB", _file_name(tab.title), tabs, {"text": tab.title})
        for section in tab.sections:
            name = _file_name(section.title)
            add("HEADER", name, in_tab, {"text": section.title, "background": "BACKGROUND_TRANSPARENT"})
            for number, row in enumerate(section.rows, start=1):
                in_row = add("ROW", f"{name}-{number}", in_tab, {"background": "BACKGROUND_TRANSPARENT"})
                height = max(_HEIGHT[type(chart)] for chart in row)
                for chart in row:
                    meta = {
                        "chartId": numbers[chart.title],
                        "uuid": _id("chart", chart.title),
                        "sliceName": chart.title,
                        "width": chart.width,
                        "height": height,
                    }
                    add("CHART", _file_name(chart.title), in_row, meta)
    return layout


def _filter(wanted: Filter) -> YamlObject:
    chosen = [] if wanted.default is None else [wanted.default]
    takes_first = not wanted.is_optional and not chosen
    mask: YamlObject = {"extraFormData": {}, "filterState": {}, "ownState": {}}
    if chosen:
        mask["extraFormData"] = {"filters": [{"col": wanted.column, "op": "IN", "val": chosen}]}
        mask["filterState"] = {"value": chosen, "label": wanted.default}
    return {
        "id": f"NATIVE_FILTER-{wanted.column}",
        "type": "NATIVE_FILTER",
        "filterType": "filter_select",
        "name": wanted.title,
        "description": "",
        "targets": [{"column": {"name": wanted.column}, "datasetUuid": _id("dataset", wanted.view)}],
        "controlValues": {
            "multiSelect": wanted.is_optional,
            "enableEmptyFilter": not wanted.is_optional,
            "defaultToFirstItem": takes_first,
            "inverseSelection": False,
            "searchAllOptions": True,
        },
        # Without it charts do not wait for the first item, and show all of them until "Apply" is pressed.
        "requiredFirst": takes_first,
        "defaultDataMask": mask,
        "cascadeParentIds": ["NATIVE_FILTER-org_id"] if wanted.is_optional else [],
        "scope": {"rootPath": [_tab_key(wanted.tab)], "excluded": []},
    }


def _tab_key(title: str | None) -> str:
    tabs: dict[str | None, Tab] = {tab.title: tab for tab in TABS}
    return f"TAB-{_file_name(tabs[title].title)}" if title else "ROOT_ID"
