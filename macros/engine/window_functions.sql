-- The latest value that is not null up to each row, in the order of some columns without nulls. Engines write it differently.
{% macro latest_value(expression, partition, order) -%}
    {{ return(adapter.dispatch('latest_value')(expression, partition, order)) }}
{%- endmacro %}
