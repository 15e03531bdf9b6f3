{% macro duckdb__rows_checksum(relation, columns) -%}
    (
        select md5(coalesce(string_agg(line, chr(10) order by line), ''))
        from (select cast(to_json([{% for column in columns %}cast({{ column }} as varchar){{ ', ' if not loop.last }}{% endfor %}]) as varchar) as line from {{ relation }})
    )
{%- endmacro %}
