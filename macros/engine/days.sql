-- In a select list, a row for each day from one date to another, both included; engines list days their own way.
{% macro each_day(first_day, last_day) -%}
    {{ return(adapter.dispatch('each_day')(first_day, last_day)) }}
{%- endmacro %}
