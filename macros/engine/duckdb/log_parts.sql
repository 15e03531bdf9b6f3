{% macro duckdb__list_table_parts(relation, columns, optional, known) -%}
    {%- if may_lack(relation.identifier)
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
