{{ config(unique_key='event_key', meta={'follows': 'base_event_deliveries', 'changed_key': 'event_key'}) }}
{{ redelivered_rows(
    ref('base_event_deliveries'), 'event_key', 'event_id',
    compared=[
        'ingested_at', 'occurred_at', 'event_type', 'project_id', 'issue_id', 'session_id', 'actor_type', 'actor_id',
        'payload', 'origin',
    ],
    columns=event_columns()
) }}
