-- The strategy of every incremental model: rows with the keys that have changed are replaced. Unlike dbt's own
-- `delete+insert`, it also deletes rows of whose key nothing is left. The first statement begins the transaction of both.
{% macro get_incremental_replace_changed_sql(arguments) -%}
    {%- set columns = get_quoted_csv(arguments.dest_columns | map(attribute='name')) -%}
    {%- set since = taken_in() -%}
    {%- call statement() -%}
    delete from {{ arguments.target_relation }}
    {% if since is not none and arguments.unique_key == 'part_id' and model.config.meta.follows -%}
    {#- by their numbers, as few blocks of rows have them; `landed_parts` itself, which follows nothing, is small -#}
    where part_id in ({{ run_query(changed_parts()).columns[0].values() | join(', ') or 'null' }})
    {%- elif since is not none -%}
    where {{ arguments.unique_key }} in (
        select {{ arguments.unique_key }} from {{ arguments.temp_relation }}
        {%- if model.config.meta.changed_key %}
        union {{ changed_keys(followed_deliveries()) }}
        {%- endif %}
    )
    {%- endif -%}
    {%- endcall -%}
    insert into {{ arguments.target_relation }} ({{ columns }})
    select {{ columns }} from {{ arguments.temp_relation }}
{%- endmacro %}
