{% macro spark__rows_checksum(relation, columns) -%}
    (
        select md5(coalesce(array_join(array_sort(collect_list(line)), '\n'), ''))
        from (
            select to_json(array({% for column in columns %}cast({{ column }} as string){{ ', ' if not loop.last }}{% endfor %})) as line
            from {{ relation }}
        ) as lines
    )
{%- endmacro %}
