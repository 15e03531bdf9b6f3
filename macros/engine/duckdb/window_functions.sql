-- Not `last_value(... ignore nulls)`, which looks back row by row: where values are rare, each row would be compared with
-- all before it.
{% macro duckdb__latest_value(expression, partition, order) -%}
    arg_max({{ expression }}, ({{ order | join(', ') }})) over (
        partition by {{ partition | join(', ') }}
        order by {{ order | join(', ') }}
        rows between unbounded preceding and current row
    )
{%- endmacro %}
