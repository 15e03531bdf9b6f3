-- The latest value that is not null, as a window function. Engines write it differently.
{% macro latest_value(expression) -%}
    {{ return(adapter.dispatch('latest_value')(expression)) }}
{%- endmacro %}
