"""Documents of an org that has no rows: zeros and empty lists, as of an org whose rows are all too old.

They follow from the contract: a number is 0, a text is `n/a`, a list is empty unless it has all stations.
"""

from datetime import date, datetime, timedelta

import msgspec
from msgspec import inspect

from factory_metrics.documents.contract import METRIC_TYPES
from factory_metrics.documents.marts import Mart
from factory_metrics.shared_constants import STATIONS

# The fields that hold something else, and those with an item for each day of the window.
_OTHERS = {"uptime_pct": 100.0, "deployment_frequency": "0/day"}
_DAILY = {"cost_trend"}
_KINDS = {name: inspect.type_info(document) for name, document in METRIC_TYPES.items()}
_ZEROS = {inspect.IntType: 0, inspect.FloatType: 0.0, inspect.StrType: "n/a"}


def empty_document(mart: Mart, as_of: datetime) -> bytes:
    """Return the document of an org without rows; `as_of` (UTC) is the last instant of the window."""
    days = int(mart.time_range.removesuffix("d"))
    window = [as_of.date() - timedelta(days=ago) for ago in reversed(range(days))]
    return msgspec.json.encode(_empty(_KINDS[mart.metric_type], window))


def _empty(kind: inspect.Type, window: list[date], name: str = "", item: object = None) -> object:
    """Return what a field of this kind and name holds; `item` is the day or the station that it is about."""
    match kind:
        case _ if name in _OTHERS:
            return _OTHERS[name]
        case inspect.Metadata():
            return _empty(kind.type, window, name, item)
        case inspect.StructType():
            return {field.encode_name: _empty(field.type, window, field.name, item) for field in kind.fields}
        case inspect.ListType():
            items = window if name in _DAILY else STATIONS if kind.min_length else ()
            return [_empty(kind.item_type, window, item=each) for each in items]
        case inspect.LiteralType() | inspect.DateType():
            return item
    if type(kind) not in _ZEROS:
        message = f"{name} is of a kind that has no empty value: give it one in {__name__}"
        raise TypeError(message)
    return _ZEROS[type(kind)]
