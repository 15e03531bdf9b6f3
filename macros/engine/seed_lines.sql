-- The user's own lines of a seed, from the folder that the var seeds_path names: its columns as text, `line`, `file`,
-- `line_number`, `is_own`. They are few, and stand in the SQL.
{% macro own_seed_lines(name, columns) -%}
    {%- set fields = {} -%}
    {%- for column in columns + ['line', 'file'] -%}
        {%- do fields.update({column: 'string'}) -%}
    {%- endfor -%}
    {%- do fields.update({'line_number': 'bigint'}) -%}
    {%- set arguments = [sql_text(var('seeds_path')), sql_text(name), sql_text(columns | join(','))] -%}
    select
        *,
        true as is_own
    from ({{ rows_of_json(object_of('own_seed_lines', arguments).lines if execute else [], fields) }}) as lines
{%- endmacro %}
