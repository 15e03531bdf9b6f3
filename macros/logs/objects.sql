-- JSON objects in rows of the logs, and what rows are known by.


-- The JSON object that a row delivers as text: an empty one for none, null for any other text.
{% macro json_object_or_empty(text) -%}
    case when {{ null_if_blank(text) }} is null then '{}' else {{ json_object_or_null(text) }} end
{%- endmacro %}


-- An id of a row, by its column, or else by a key of its object; null where both are blank.
{% macro id_of_row(column, object, key) -%}
    coalesce({{ null_if_blank(column) }}, {{ null_if_blank(json_text(object, key)) }})
{%- endmacro %}


-- The org of rows that name none, as a literal.
{% macro default_org() -%}
    {%- set name = (var('default_org') or '') -%}
    cast({{ sql_text(name) if name.strip() else 'null' }} as {{ dbt.type_string() }})
{%- endmacro %}
