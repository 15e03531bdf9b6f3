-- The element of a list at a place, from 1.
{% macro list_element(list, place) -%}
    {{ return(adapter.dispatch('list_element')(list, place)) }}
{%- endmacro %}


-- A field of a struct.
{% macro field_of(struct, field) -%}
    {{ return(adapter.dispatch('field_of')(struct, field)) }}
{%- endmacro %}


-- How many elements a list has.
{% macro list_length(list) -%}
    {{ return(adapter.dispatch('list_length')(list)) }}
{%- endmacro %}


-- Columns as one value that rows are compared by; not every engine compares plain `(a, b)`.
{% macro row_key(columns) -%}
    {{ return(adapter.dispatch('row_key')(columns)) }}
{%- endmacro %}
