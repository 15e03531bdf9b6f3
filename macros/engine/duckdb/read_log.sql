-- Reading a log on DuckDB: the SQL for each form that its files or its table may have.


{% macro duckdb__read_log(relation, columns, optional, parts, only_parts) -%}
    {%- set selects = [] -%}
    {%- if execute and parts -%}
        {%- set sources = log_sources(relation, parts) -%}
        {%- set types = raw_column_types(sources) -%}
        {%- for part in sources -%}
            {%- if part.columns -%}
                {%- do assert_columns(part, relation.identifier, columns, optional) -%}
            {%- endif -%}
            {%- if part.kind in ('json_lines', 'copied_rows') -%}
                {%- do selects.append(read_lines(part, columns)) -%}
            {%- else -%}
                {%- do selects.append(read_columns(part, columns, types, parts if only_parts else none)) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if selects -%}
        {{ selects | join('\nunion all by name\n') }}
    {%- else -%}
        select
            {% for column, described in columns.items() -%}
            {{ landed_columns(column, described.kind, []) }}
            {%- endfor -%}
            true as is_readable,
            cast(null as varchar) as line,
            cast(null as varchar) as raw_row,
            cast(null as varchar) as origin,
            cast(null as varchar) as part
        where false
    {%- endif -%}
{%- endmacro %}


-- What to read: the table, or files grouped by how they are read, see scripts/factory_metrics/logs/landing.py.
{% macro log_sources(relation, parts) -%}
    {%- if var('raw_path') -%}
        {%- set answer = fromjson(run_query(
            "select describe_log_files('" ~ relation.identifier ~ "', '" ~ tojson(parts) | replace("'", "''") ~ "')"
        ).rows[0][0]) -%}
        {%- if answer.error -%}
            {{ exceptions.raise_compiler_error(answer.error) }}
        {%- endif -%}
        {{ return(answer.parts) }}
    {%- endif -%}
    {{ return([table_part(relation)]) }}
{%- endmacro %}
