{% macro spark__latest_value(expression, partition, order) -%}
    last_value({{ expression }}) ignore nulls over (
        partition by {{ partition | join(', ') }}
        order by {{ order | join(', ') }}
        rows between unbounded preceding and current row
    )
{%- endmacro %}
