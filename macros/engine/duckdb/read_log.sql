{% macro duckdb__read_part(part, columns, types, hours) -%}
    {{ return(
        read_lines(part, columns) if part.kind in ('json_lines', 'copied_rows')
        else read_columns(part, columns, types, hours)
    ) }}
{%- endmacro %}
