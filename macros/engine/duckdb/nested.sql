-- DuckDB's lists and structs: `[1, 2]`, `{'name': 1}`.


{% macro duckdb__make_struct(fields) -%}
    { {%- for name, expression in fields.items() %}'{{ name }}': {{ expression }}{% if not loop.last %}, {% endif %}{% endfor -%} }
{%- endmacro %}


{% macro duckdb__ordered_list(expression, order_by) -%}
    list({{ expression }} order by {{ order_by }})
{%- endmacro %}


{% macro duckdb__list_or_empty(list) -%}
    coalesce({{ list }}, [])
{%- endmacro %}


{% macro duckdb__list_total(list, field) -%}
    {%- if field -%}
    list_sum(list_transform({{ list }}, lambda item: item.{{ field }}))
    {%- else -%}
    list_sum({{ list }})
    {%- endif -%}
{%- endmacro %}


{% macro duckdb__list_items(relation, keys, lists) -%}
    select
        {% for key in keys -%}
        {{ key }},
        {% endfor -%}
        {% for name, list in lists.items() -%}
        unnest({{ list }}) as {{ name }},
        {% endfor -%}
        generate_subscripts({{ lists.values() | first }}, 1) as list_position
    from {{ relation }}
{%- endmacro %}


{% macro duckdb__rows_of_json(objects, fields) -%}
    select unnest(from_json({{ sql_text(tojson(objects)) }}, {{ sql_text(tojson([fields])) }}), recursive := true)
{%- endmacro %}


{% macro duckdb__list_element(list, place) -%}
    {{ list }}[{{ place }}]
{%- endmacro %}


{% macro duckdb__field_of(struct, field) -%}
    struct_extract({{ struct }}, '{{ field }}')
{%- endmacro %}


{% macro duckdb__list_length(list) -%}
    len({{ list }})
{%- endmacro %}


{% macro duckdb__row_key(columns) -%}
    ({{ columns | join(', ') }})
{%- endmacro %}
