-- Checksums by the plugin's functions, see scripts/factory_metrics/dbt_plugin.py, and by DuckDB's own.


{% macro duckdb__macros_version() -%}
    {{ return(run_query("select macros_version()").rows[0][0]) }}
{%- endmacro %}


{% macro duckdb__place_of_logs(raw_path, raw_database, raw_schema) -%}
    {%- set names = [] -%}
    {%- for name in [raw_path, raw_database, raw_schema] -%}
        {%- do names.append("'" ~ name | replace("'", "''") ~ "'") -%}
    {%- endfor -%}
    {{ return(run_query("select place_of_logs(" ~ names | join(', ') ~ ")").rows[0][0]) }}
{%- endmacro %}


{% macro duckdb__rows_checksum(relation, columns) -%}
    (
        select md5(coalesce(string_agg(line, chr(10) order by line), ''))
        from (select cast(to_json([{% for column in columns %}cast({{ column }} as varchar){{ ', ' if not loop.last }}{% endfor %}]) as varchar) as line from {{ relation }})
    )
{%- endmacro %}
