-- The latest value that is not null, as a window function. Engines write it differently.
{% macro latest_value(expression) -%}
    {{ return(adapter.dispatch('latest_value')(expression)) }}
{%- endmacro %}

{% macro duckdb__latest_value(expression) -%}
    last_value({{ expression }} ignore nulls)
{%- endmacro %}
