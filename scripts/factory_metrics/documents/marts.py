"""Read marts as documents.

DuckDB renders a row as JSON text in the shape of the contract. The text is decoded into the contract's
types, which checks every value, and encoded again.
"""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from operator import itemgetter

import duckdb
import msgspec
from msgspec import Struct, inspect

from factory_metrics.documents.contract import METRIC_TYPES
from factory_metrics.project import UserError

# A column's DuckDB type: a name, [type of the items], or {field: type} of a struct.
ColumnType = str | list["ColumnType"] | dict[str, "ColumnType"]

_SCALARS: dict[type[inspect.Type], str] = {
    inspect.IntType: "BIGINT",
    inspect.FloatType: "DOUBLE",
    inspect.StrType: "VARCHAR",
    inspect.LiteralType: "VARCHAR",
    inspect.BoolType: "BOOLEAN",
    inspect.DateType: "DATE",
}
_BATCH_ROWS = 500
_encode = msgspec.json.Encoder().encode


class Mart(Struct, frozen=True):
    """One mart: a metric type and a time range."""

    metric_type: str
    time_range: str

    @property
    def name(self) -> str:
        """The table's name."""
        return f"{self.metric_type}_{self.time_range}"

    @property
    def is_list(self) -> bool:
        """Whether an org's document lists its rows, instead of being its only row."""
        return isinstance(_metrics(self.metric_type), inspect.ListType)

    def columns(self) -> dict[str, ColumnType]:
        """Return the columns that documents need; the mart may have more, for other readers."""
        position: dict[str, ColumnType] = {f"{self.metric_type}_position": "INTEGER"} if self.is_list else {}
        keys: dict[str, ColumnType] = {"org_id": "VARCHAR", "as_of": "TIMESTAMP"}
        return keys | position | _flat_columns(_row_shape(self.metric_type))


def ddl(column_type: ColumnType) -> str:
    """Return a column's type as DuckDB writes it."""
    if isinstance(column_type, str):
        return column_type
    if isinstance(column_type, list):
        return f"{ddl(column_type[0])}[]"
    fields = ", ".join(f'"{name}" {ddl(of)}' for name, of in column_type.items())
    return f"STRUCT({fields})"


def read_documents(
    warehouse: duckdb.DuckDBPyConnection,
    mart: Mart,
    first_org: str,
    last_org: str,
    only: Sequence[str] | None = None,
) -> Iterator[tuple[str, bytes]]:
    """Yield each org from the first to the last (by code point, both included) and its document.

    With `only`, other orgs are left out. A document is compact JSON in UTF-8. The mart has been checked with
    `check_marts`.

    Raises:
        UserError: a value does not fit the contract.

    """
    is_list = mart.is_list
    decode = msgspec.json.Decoder(METRIC_TYPES[mart.metric_type]).decode
    orgs = "org_id BETWEEN $first AND $last"
    parameters: dict[str, object] = {"first": first_org, "last": last_org}
    if only is not None:
        orgs += " AND org_id IN (SELECT unnest($only))"
        parameters["only"] = list(only)
    rows = warehouse.cursor().execute(_query(mart, orgs), parameters)
    batches = iter(lambda: rows.fetchmany(_BATCH_ROWS), [])
    for org, group in groupby(chain.from_iterable(batches), key=itemgetter(0)):
        text = ",".join(item for _, item in group if item is not None)
        text = f'{{"metrics":[{text}]}}' if is_list else f'{{"metrics":{text}}}'
        try:
            document = decode(text)
        except msgspec.DecodeError as error:
            raise _misfit(mart, org, text, error) from error
        yield org, _encode(document)


def read_unknown_cost_runs(
    warehouse: duckdb.DuckDBPyConnection, time_range: str, orgs: Sequence[str] | None = None
) -> Iterator[tuple[str, int]]:
    """Yield the orgs (of these; None for all) with runs of unknown cost in a range, and how many they have.

    Documents do not say it. Neither does the warehouse of an earlier release: it has no such org.
    """
    mart = f"aggregate_{time_range}"
    is_column = (
        "table_catalog = current_database() AND table_schema = 'main' AND table_name = ? AND column_name = ?"
    )
    columns = f"SELECT 1 FROM information_schema.columns WHERE {is_column}"  # noqa: S608 - no value in it
    rows = warehouse.cursor()
    if rows.execute(columns, [mart, "unknown_cost_runs"]).fetchone():
        rows.execute(
            f'SELECT org_id, unknown_cost_runs FROM main."{mart}" '  # noqa: S608 - names of the project
            "WHERE unknown_cost_runs > 0 AND ($orgs IS NULL OR org_id IN (SELECT unnest($orgs::VARCHAR[]))) "
            "ORDER BY org_id",
            {"orgs": None if orgs is None else list(orgs)},
        )
        yield from iter(rows.fetchone, None)


def _query(mart: Mart, orgs: str) -> str:
    """Return the SQL for pairs of org and JSON text, in the documents' order; `orgs` is a condition."""
    row = f"to_json({_struct(_row_shape(mart.metric_type))})"
    if not mart.is_list:
        return f'SELECT org_id, {row} FROM main."{mart.name}" WHERE {orgs} ORDER BY org_id'  # noqa: S608
    # An org without rows has an empty list, so the orgs come from a mart that has them all.
    return f"""
        SELECT org_id, item
        FROM (SELECT org_id FROM main."aggregate_{mart.time_range}" WHERE {orgs})
        LEFT JOIN (
            SELECT org_id, "{mart.metric_type}_position" AS position, {row} AS item
            FROM main."{mart.name}" WHERE {orgs}
        ) USING (org_id)
        ORDER BY org_id, position
    """  # noqa: S608 - names come from the contract and the project


def _struct(shape: inspect.StructType, parent: str = "") -> str:
    """Return SQL for a struct with the JSON's names, made of columns or of the struct `parent`."""
    fields = []
    for field in shape.fields:
        value = f"struct_extract({parent}, '{_column(field)}')" if parent else f'"{_column(field)}"'
        match _bare(field.type):
            case inspect.StructType() as inner:
                value = _struct(inner)
            case inspect.ListType(item_type=inspect.StructType() as item):
                value = f"list_transform({value}, lambda item: {_struct(item, 'item')})"
        fields.append(f'"{field.encode_name}" := {value}')
    return f"struct_pack({', '.join(fields)})"


def _flat_columns(shape: inspect.StructType) -> dict[str, ColumnType]:
    """Return the mart's columns for a shape: a struct of the document is several columns of the mart."""
    columns: dict[str, ColumnType] = {}
    for field in shape.fields:
        match _bare(field.type):
            case inspect.StructType() as inner:
                columns |= _flat_columns(inner)
            case bare:
                columns[_column(field)] = _column_type(bare)
    return columns


def _column_type(shape: inspect.Type) -> ColumnType:
    """Return the DuckDB type that a contract's type is stored as."""
    match _bare(shape):
        case inspect.StructType(fields=fields):
            return {_column(field): _column_type(field.type) for field in fields}
        case inspect.ListType(item_type=item):
            return [_column_type(item)]
        case bare:
            return _SCALARS[type(bare)]


def _bare(shape: inspect.Type) -> inspect.Type:
    """Return a type without its notes and without its `| None`."""
    match shape:
        case inspect.Metadata(type=inner) | inspect.UnionType(types=(inner, inspect.NoneType())):
            return _bare(inner)
    return shape


def _metrics(metric_type: str) -> inspect.Type:
    """Return what a document has under `metrics`."""
    return _bare(msgspec.inspect.type_info(METRIC_TYPES[metric_type].__annotations__["metrics"]))


def _row_shape(metric_type: str) -> inspect.StructType:
    """Return what one row of the mart becomes: the metrics, or one item of their list."""
    match _metrics(metric_type):
        case inspect.StructType() as shape:
            return shape
        case inspect.ListType(item_type=inspect.StructType() as shape):
            return shape
    raise TypeError(metric_type)


def _column(field: inspect.Field) -> str:
    """Return a field's name in the mart; `yield_` is `yield`, a word that Python keeps for itself."""
    return field.name.rstrip("_")


def _misfit(mart: Mart, org: str, text: str, error: msgspec.DecodeError) -> UserError:
    """Say which column of which mart has a value that does not fit, for which org."""
    reason = str(error)
    if not isinstance(error, msgspec.ValidationError):
        # Not JSON at all: DuckDB writes NaN and infinity. As text they are found by the contract, too.
        try:
            msgspec.convert(json.loads(text, parse_constant=str), METRIC_TYPES[mart.metric_type])
        except msgspec.ValidationError as found:
            reason = re.sub(r"^.*?( - at|$)", r"NaN or infinite\1", str(found))
    reason, _, path = reason.rstrip("`").partition(" - at `$.metrics")
    path = re.sub(r"\[\d+\]", "[]", path).removeprefix("[]").removeprefix(".")
    structs = [
        field.encode_name
        for field in _row_shape(mart.metric_type).fields
        if isinstance(_bare(field.type), inspect.StructType)
    ]
    for struct in structs:
        path = path.removeprefix(f"{struct}.")
    column = re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", path)
    where = f"column {column}, " if column else ""
    return UserError(f"mart {mart.name} does not fit the contract: {where}org {org!r}: {reason}")
