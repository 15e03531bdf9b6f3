-- Spark's lists and structs, and its functions of higher order.


{% macro spark__make_struct(fields) -%}
    named_struct({% for name, expression in fields.items() %}'{{ name }}', {{ expression }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}


-- collect_list() keeps no order, and drops nulls: values are collected in structs with what they are ordered by.
{% macro spark__ordered_list(expression, order_by) -%}
    {%- set keys = [] -%}
    {%- for key in order_by.split(',') -%}
        {%- set words = key.split() -%}
        {%- do keys.append({'name': 'key_' ~ loop.index, 'column': words[0], 'first': '>' if words[1:] == ['desc'] else '<'}) -%}
    {%- endfor -%}
    transform(
        array_sort(
            collect_list(named_struct({% for key in keys %}'{{ key.name }}', {{ key.column }}, {% endfor %}'value', {{ expression }})),
            (one, other) -> case
                {%- for key in keys %}
                when one.{{ key.name }} {{ key.first }} other.{{ key.name }} then -1
                when one.{{ key.name }} != other.{{ key.name }} then 1
                {%- endfor %}
                else 0
            end
        ),
        item -> item.value
    )
{%- endmacro %}


{% macro spark__list_or_empty(list) -%}
    coalesce({{ list }}, array())
{%- endmacro %}


-- Spark has no sum of a list: the least type that holds a sum of all measures and whole numbers is the largest decimal.
{% macro spark__list_total(list, field) -%}
    aggregate(
        {{ list }}, cast(null as decimal(38, 9)),
        (total, item) -> cast(coalesce(total, 0) + item{{ '.' ~ field if field }} as decimal(38, 9))
    )
{%- endmacro %}


{% macro spark__list_items(relation, keys, lists) -%}
    select
        {% for key in keys -%}
        {{ key }},
        {% endfor -%}
        {% for name, list in lists.items() -%}
        get({{ list }}, list_place) as {{ name }},
        {% endfor -%}
        cast(list_place + 1 as bigint) as list_position
    from {{ relation }}
    lateral view posexplode({{ lists.values() | first }}) as list_place, first_item
{%- endmacro %}


{% macro spark__rows_of_json(objects, fields) -%}
    {%- set typed = [] -%}
    {%- for name, type in fields.items() -%}
        {%- do typed.append(name ~ ' ' ~ type) -%}
    {%- endfor -%}
    select inline(from_json({{ sql_text(tojson(objects)) }}, 'array<struct<{{ typed | join(', ') }}>>'))
{%- endmacro %}


{% macro spark__list_element(list, place) -%}
    get({{ list }}, {{ place }} - 1)
{%- endmacro %}


{% macro spark__field_of(struct, field) -%}
    {{ struct }}.{{ field }}
{%- endmacro %}


{% macro spark__list_length(list) -%}
    size({{ list }})
{%- endmacro %}


-- A bare struct before IN would be taken for several columns.
{% macro spark__row_key(columns) -%}
    coalesce(struct({{ columns | join(', ') }}))
{%- endmacro %}
