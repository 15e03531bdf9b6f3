-- Lists and structs, which every engine spells its own way.


-- A struct with the given fields (a mapping of names to expressions).
{% macro make_struct(fields) -%}
    {{ return(adapter.dispatch('make_struct')(fields)) }}
{%- endmacro %}


-- The values of a group as a list, in an order.
{% macro ordered_list(expression, order_by) -%}
    {{ return(adapter.dispatch('ordered_list')(expression, order_by)) }}
{%- endmacro %}


-- The list, or an empty one for null.
{% macro list_or_empty(list) -%}
    {{ return(adapter.dispatch('list_or_empty')(list)) }}
{%- endmacro %}


-- The sum of a list, or of one field of its structs.
{% macro list_total(list, field=none) -%}
    {{ return(adapter.dispatch('list_total')(list, field)) }}
{%- endmacro %}


-- A row for each element of lists of the same length (a mapping of names to columns), with its place from 1 as
-- `list_position`, and the keys of the row that the lists are in.
{% macro list_items(relation, keys, lists) -%}
    {{ return(adapter.dispatch('list_items')(relation, keys, lists)) }}
{%- endmacro %}


-- Rows that stand in the SQL as JSON: objects, with the type of each of their fields, `string` or `bigint`.
{% macro rows_of_json(objects, fields) -%}
    {{ return(adapter.dispatch('rows_of_json')(objects, fields)) }}
{%- endmacro %}


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
