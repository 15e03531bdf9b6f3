-- When a log last received a row: what `dbt source freshness` asks. Of the log itself it reads only what no run has read
-- yet. A row from the future says nothing about that.
{% macro latest_ingestion(relation) -%}
    {%- if execute -%}
    {%- set described = log_columns(relation.identifier) -%}
    {%- set base = load_relation(history_relation(log_models()[relation.identifier][0])) -%}
    {%- set landed_parts = load_relation(history_relation('landed_parts')) -%}
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
