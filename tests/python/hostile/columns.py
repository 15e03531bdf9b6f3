"""The columns of the two logs, as the tests write them down for themselves."""

Row = dict[str, object]

EVENT_COLUMNS = (
    "id",
    "org_id",
    "project_id",
    "event_type",
    "issue_id",
    "session_id",
    "actor_type",
    "actor_id",
    "occurred_at",
    "ingested_at",
    "payload",
)

RUN_COLUMNS = (
    "id",
    "org_id",
    "project_id",
    "issue_id",
    "session_id",
    "station",
    "cost_usd",
    "duration_ms",
    "recorded_at",
    "ingested_at",
    "metadata",
)

LOGS = {"factory_events": EVENT_COLUMNS, "factory_metrics": RUN_COLUMNS}

OPTIONAL_COLUMNS = {
    "factory_events": (
        "org_id",
        "project_id",
        "issue_id",
        "session_id",
        "actor_type",
        "actor_id",
        "ingested_at",
    ),
    "factory_metrics": ("org_id", "project_id", "issue_id", "session_id", "station", "ingested_at"),
}

TIMESTAMP_COLUMNS = ("occurred_at", "recorded_at", "ingested_at")

CONTENT_COLUMNS = ("payload", "metadata")

MEASURE_COLUMNS = ("cost_usd", "duration_ms")
