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


-- When a log last received a row: what `dbt source freshness` asks. Of the log itself it reads only what no run has read
-- yet. A row from the future says nothing about that.
{% macro latest_ingestion(relation) -%}
    {%- if execute -%}
    {%- set described = log_columns(relation.identifier) -%}
    {%- set base_model = {'factory_events': 'base_event_deliveries', 'factory_metrics': 'base_run_deliveries'} -%}
    {%- set names = api.Relation.create(database=history_database(), schema=target.schema) -%}
    {%- set base = load_relation(names.incorporate(path={'identifier': base_model[relation.identifier]})) -%}
    {%- set landed_parts = load_relation(names.incorporate(path={'identifier': 'landed_parts'})) -%}
    {%- set known = landed_parts if base and landed_parts else none -%}
    {%- set unread -%}
        select part from ({{ list_log_parts(relation, described.columns, described.optional, known) }}) as found
        {%- if known %}
        where {{ row_key(['part', 'fingerprint']) }} not in (
            select {{ row_key(['part', 'fingerprint']) }} from {{ known }} where log = '{{ relation.identifier }}'
        )
        {%- endif %}
    {%- endset -%}
    {%- set parts = run_query(unread).columns[0].values() | list -%}
    {%- set is_past = "ingested_at <= cast(" ~ dbt.current_timestamp() ~ " as timestamp)" -%}
    select max(ingested_at) as max_loaded_at
    from (
        select max(ingested_at) as ingested_at
        from ({{ read_log(relation, described.columns, described.optional, parts, true) }}) as landed
        where {{ is_past }}
        {%- if known %}
        union all
        {#- by itself, as DuckDB knows the greatest of a whole table without reading it #}
        select max(ingested_at) as ingested_at from {{ base }}
        where {{ is_past }}
        {%- endif %}
    ) as ingestions
    {%- endif -%}
{%- endmacro %}
