-- Checksums by functions that the session offers, see scripts/factory_metrics/spark/functions.py, and by Spark's own.


{% macro spark__macros_version() -%}
    {{ return(run_query("select macros_version()").rows[0][0]) }}
{%- endmacro %}


{% macro spark__place_of_logs(raw_path, raw_database, raw_schema) -%}
    {%- set names = [] -%}
    {%- for name in [raw_path, raw_database, raw_schema] -%}
        {%- do names.append(spark_literal(name)) -%}
    {%- endfor -%}
    {{ return(run_query("select place_of_logs(" ~ names | join(', ') ~ ")").rows[0][0]) }}
{%- endmacro %}


{% macro spark__rows_checksum(relation, columns) -%}
    (
        select md5(coalesce(array_join(array_sort(collect_list(line)), '\n'), ''))
        from (
            select to_json(array({% for column in columns %}cast({{ column }} as string){{ ', ' if not loop.last }}{% endfor %})) as line
            from {{ relation }}
        ) as lines
    )
{%- endmacro %}
