-- The columns of the raw logs, with their kinds, and which of them a log may lack.
{% macro log_columns(log) -%}
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
    }[log]) }}
{%- endmacro %}


-- The rows of a log, wherever they are.
{% macro landed_log(log) -%}
    {%- if not (var('raw_path') or var('raw_database') or var('raw_schema')) %}
-- A seed that is read as a source has no edge of its own.
-- depends_on: {{ ref(log) }}
    {% endif -%}
    {%- set described = log_columns(log) -%}
    {{ read_log(source('factory', log), described.columns, described.optional) }}
{%- endmacro %}


-- When a log last received a row: what `dbt source freshness` asks. A row from the future says nothing about that.
{% macro latest_ingestion(relation) -%}
    {%- set described = log_columns(relation.identifier) -%}
    select max(ingested_at) as max_loaded_at
    from ({{ read_log(relation, described.columns, described.optional) }}) as landed
    where ingested_at <= cast({{ dbt.current_timestamp() }} as timestamp)
{%- endmacro %}
