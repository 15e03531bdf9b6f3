{% macro spark__latest_value(expression) -%}
    last_value({{ expression }}) ignore nulls
{%- endmacro %}
