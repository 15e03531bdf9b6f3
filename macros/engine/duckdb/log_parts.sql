-- Files are listed and counted by the plugin's functions, see scripts/factory_metrics/dbt_plugin.py.


{% macro duckdb__list_log_parts(relation, columns, optional, known) -%}
    {%- if not execute -%}
        select null as part, null as fingerprint
    {%- elif var('raw_path') -%}
        {%- set files = tojson(files_of_log(relation.identifier).files) -%}
        select unnest(
            from_json('{{ files | replace("'", "''") }}', '[{"part": "VARCHAR", "fingerprint": "VARCHAR"}]'),
            recursive := true
        )
    {%- elif may_lack(relation.identifier)
        and not adapter.get_relation(relation.database, relation.schema, relation.identifier) -%}
        select cast(null as varchar) as part, cast(null as varchar) as fingerprint where false
    {%- else -%}
        {%- set part = table_part(relation) -%}
        {%- do assert_columns(part, relation.identifier, columns, optional) -%}
        {%- set hour = ingestion_hour(part, columns) -%}
        {%- set counted_from = none if known is none else hour_to_count_from(relation, hour, known) -%}
        select
            {{ table_part_name(relation, hour) }} as part,
            cast(count(*) as varchar) as fingerprint
        from {{ relation }} as raw
        {%- if counted_from %}
        where {{ hour }} >= timestamp '{{ counted_from }}'
        {%- endif %}
        {#- a table may have a column `part` #}
        group by 1
        {%- if known is not none %}
        union all
        -- hours that were cleaned up
        select part, '0' as fingerprint
        from {{ known }}
        where
            log = '{{ relation.identifier }}'
            {%- if counted_from %}
            and {{ hour_of_part(relation) }} >= timestamp '{{ counted_from }}'
            {%- endif %}
            and part not in (
                select {{ table_part_name(relation, hour) }} from {{ relation }} as raw
                {%- if counted_from %}
                where {{ hour }} >= timestamp '{{ counted_from }}'
                {%- endif %}
            )
        {%- endif %}
    {%- endif -%}
{%- endmacro %}


{% macro duckdb__files_of_log(log) -%}
    {%- set folder = var('raw_path') ~ '/' ~ log -%}
    {%- set answer = fromjson(run_query(
        "select list_log_files('" ~ folder | replace("'", "''") ~ "', " ~ may_lack(log) | lower ~ ")"
    ).rows[0][0]) -%}
    {%- if answer.error -%}
        {{ exceptions.raise_compiler_error(answer.error) }}
    {%- endif -%}
    {{ return(answer.log) }}
{%- endmacro %}


{% macro duckdb__count_log_rows(parts) -%}
    {%- set answer = run_query(
        "select count_log_rows('" ~ tojson(parts) | replace("'", "''") ~ "')"
    ).rows[0][0] if execute else '{"parts": []}' -%}
    {%- if fromjson(answer).error -%}
        {{ exceptions.raise_compiler_error(fromjson(answer).error) }}
    {%- endif -%}
    select unnest(
        from_json('{{ answer | replace("'", "''") }}', '{"parts": [{"part": "VARCHAR", "row_count": "BIGINT"}]}').parts,
        recursive := true
    )
{%- endmacro %}
