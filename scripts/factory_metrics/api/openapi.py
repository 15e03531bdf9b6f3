"""The endpoint's description in OpenAPI 3.1, made from the types that make the documents."""

from typing import Any, get_args

import msgspec

from factory_metrics.api.errors import STATUSES, ErrorDocument
from factory_metrics.api.requests import METRIC_TYPE_DEFAULT, TIME_RANGE_DEFAULT, known_time_ranges
from factory_metrics.documents.contract import METRIC_TYPES, Station

METRICS_PATH = "/api/factory/metrics"
OPENAPI_PATH = "/openapi.json"
# For people, so not in the description.
PAGE_PATH = "/"

_REFERENCE = "#/components/schemas/{name}"

_ERRORS = {
    400: "A parameter has a value that is not one of its own, or is given more than once.",
    401: "The API key is missing, malformed, unknown, expired or revoked.",
    403: "The API key lacks the scope `metrics:read`, or may not read the org.",
    429: "The key has spent its requests, or the address has sent too many bad keys.",
    500: "The metrics or the keys cannot be read at the moment.",
}


def description() -> dict[str, Any]:
    """Return the description, ready to be written as JSON."""
    shapes = [*METRIC_TYPES.values(), ErrorDocument]
    _, schemas = msgspec.json.schema_components(shapes, ref_template=_REFERENCE)
    # Codes are a closed list, which the type alone does not say.
    schemas["ErrorDetail"]["properties"]["code"]["enum"] = list(STATUSES)
    for schema in schemas.values():
        for name, field in schema["properties"].items():
            if name == "metrics":
                field["description"] = schema["description"]
            if "enum" in field:
                field["type"] = "string"
            field.setdefault("examples", [_example(field, schemas)])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Metrics API",
            "version": "1.0.0",
            "description": "What a software factory's work cost, how long it took and how good it was.",
        },
        "servers": [{"url": "/", "description": "The server that this description comes from."}],
        "paths": {
            METRICS_PATH: {
                "get": _operation("getMetrics", schemas),
                "head": _operation("headMetrics"),
            }
        },
        "components": {
            "schemas": schemas,
            "headers": _headers(),
            "securitySchemes": {
                "apiKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`rsk_live_` and 64 hexadecimal digits.",
                }
            },
        },
        "security": [{"apiKey": []}],
    }


def _operation(name: str, schemas: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the operation, with GET or, without schemas, HEAD."""
    responses: dict[str, Any] = {
        "200": _response("The document of a metric type and a time range.", _DOCUMENT_HEADERS),
        "304": _response("The client has this document: its ETag is in `If-None-Match`.", _DOCUMENT_HEADERS),
    }
    if schemas:
        responses["200"]["content"] = {"application/json": _documents(schemas)}
    for status, meaning in _ERRORS.items():
        extra = {401: ["WWW-Authenticate"], 429: ["Retry-After"], 500: ["Retry-After"]}.get(status, [])
        response = responses[str(status)] = _response(meaning, [*_HEADERS, *extra])
        if schemas:
            schema = {"$ref": _REFERENCE.format(name="ErrorDocument")}
            response["content"] = {"application/json": {"schema": schema}}
    return {
        "operationId": name,
        "summary": "Query aggregated factory metrics.",
        "parameters": [
            _choice("metricType", list(METRIC_TYPES), METRIC_TYPE_DEFAULT, "What is measured."),
            _choice("timeRange", known_time_ranges(), TIME_RANGE_DEFAULT, "The days up to the as-of."),
            {
                "name": "orgId",
                "in": "query",
                "description": "The key's own org, which is meant without this parameter, too.",
                "schema": {"type": "string"},
                "example": "acme-robotics",
            },
        ],
        "responses": responses,
    }


def _documents(schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the documents, of which one that fits a type fits no other.

    Each type has required fields that no other has, and of the two lists only the providers' may be empty.
    It comes first: some clients take the first type that fits, and do not look at how long a list must be.
    """
    references = {name: {"$ref": _REFERENCE.format(name=of.__name__)} for name, of in METRIC_TYPES.items()}
    ordered = sorted(references, key=lambda name: name != "provider")
    return {
        "schema": {"oneOf": [references[name] for name in ordered]},
        "examples": {
            name: {"summary": f"metricType={name}", "value": _example(references[name], schemas)}
            for name in METRIC_TYPES
        },
    }


def _example(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    """Return a value that fits a schema, made of the examples of its parts."""
    if "examples" in schema:
        return schema["examples"][0]
    if "$ref" in schema:
        return _example(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], schemas)
    if schema["type"] == "array":
        item = _example(schema["items"], schemas)
        if "minItems" not in schema:
            return [item]
        # One item for each station, which is its first field.
        return [item | {next(iter(item)): station} for station in get_args(Station)]
    return {name: _example(field, schemas) for name, field in schema["properties"].items()}


def _choice(name: str, values: list[str], default: str, meaning: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "description": meaning,
        "schema": {"type": "string", "enum": values, "default": default},
        "example": default,
    }


_HEADERS = ["RateLimit", "RateLimit-Policy", "X-Request-Id"]
_DOCUMENT_HEADERS = [*_HEADERS, "ETag", "Last-Modified", "X-As-Of", "X-Data-Warning"]


def _response(meaning: str, headers: list[str]) -> dict[str, Any]:
    references = {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
    return {"description": meaning, "headers": references}


def _headers() -> dict[str, Any]:
    """Return the headers of answers."""
    text = {"type": "string"}
    meanings = {
        "RateLimit": (
            True,
            "Requests that are left (`r`), and seconds until there is one more (`t`; 0: nothing was used).",
            text,
        ),
        "RateLimit-Policy": (
            True,
            "Requests that may come at once (`q`), and seconds until all are back (`w`).",
            text,
        ),
        "X-Request-Id": (True, "The client's own, or one that was made; it is in the server's log.", text),
        "ETag": (True, "Changes when the document does.", text),
        "Last-Modified": (True, "When the metrics were published.", text),
        "X-As-Of": (
            True,
            "The instant for which the metrics are computed.",
            {"type": "string", "format": "date-time"},
        ),
        "X-Data-Warning": (
            False,
            "The newest metrics cannot be read. These are the last good ones, of the time in `X-As-Of`.",
            text,
        ),
        "WWW-Authenticate": (True, "How to authenticate.", text),
        "Retry-After": (False, "Seconds until it is worth trying again.", {"type": "integer"}),
    }
    return {
        name: {"description": meaning, "required": required, "schema": schema}
        for name, (required, meaning, schema) in meanings.items()
    }
