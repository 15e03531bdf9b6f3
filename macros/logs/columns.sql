-- The raw logs: their columns, with their kinds, and which of them a log may lack. Python reads it, too, see
-- scripts/factory_metrics/shared_constants.py.
{% macro raw_logs() -%}
    {{ return({
        'factory_events': {
            'columns': {
                'id': 'text',
                'org_id': 'text',
                'project_id': 'text',
                'event_type': 'text',
                'issue_id': 'text',
                'session_id': 'text',
                'actor_type': 'text',
                'actor_id': 'text',
                'occurred_at': 'timestamp',
                'ingested_at': 'timestamp',
                'payload': 'json',
            },
            'optional': ['project_id', 'issue_id', 'session_id', 'actor_type', 'actor_id'],
        },
        'factory_metrics': {
            'columns': {
                'id': 'text',
                'org_id': 'text',
                'project_id': 'text',
                'issue_id': 'text',
                'session_id': 'text',
                'station': 'text',
                'cost_usd': 'measure',
                'duration_ms': 'measure',
                'recorded_at': 'timestamp',
                'ingested_at': 'timestamp',
                'metadata': 'json',
            },
            'optional': ['project_id', 'issue_id'],
        },
    }) }}
{%- endmacro %}


{% macro log_columns(log) -%}
    {{ return(raw_logs()[log]) }}
{%- endmacro %}
