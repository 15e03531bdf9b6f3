{% macro duckdb__read_log(relation, columns, optional, parts, only_parts) -%}
    {%- set selects = [] -%}
    {%- if execute and parts -%}
        {%- set sources = log_sources(relation, parts) -%}
        {%- set types = raw_column_types(sources) -%}
        {%- for part in sources -%}
            {%- if part.columns -%}
                {%- do assert_columns(part, columns, optional) -%}
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
            {% for column, kind in columns.items() -%}
            cast(null as {{ landed_type(kind) }}) as {{ column }},
            {% endfor -%}
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


-- Every column that any part with columns of its own has, with its type; the type is null where parts differ.
{% macro raw_column_types(parts) -%}
    {%- set types = {} -%}
    {%- for part in parts if part.kind in ('parquet', 'table') -%}
        {%- for column, type in part.columns.items() -%}
            {%- do types.update({column: type if types.get(column, type) == type else none}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}


{% macro assert_columns(part, columns, optional) -%}
    {%- set places = [part.relation | string] if part.kind == 'table' else [] -%}
    {%- for path in part.paths or [] -%}
        {%- do places.append(path[part.prefix | length:]) -%}
    {%- endfor -%}
    {%- for column in columns if column not in part.columns and column not in optional -%}
        {{ exceptions.raise_compiler_error(
            "the required column " ~ column ~ " is missing in " ~ places | join(', ')
            ~ ", which has: " ~ part.columns.keys() | join(', ')
        ) }}
    {%- endfor -%}
{%- endmacro %}


-- A part with columns: Parquet files of one schema, or a table, of which only the hours in `hours` if they are given.
{% macro read_columns(part, columns, types, hours) -%}
    select
        {% for column, kind in columns.items() -%}
        {%- if column in part.columns -%}
        {{ landed_value('raw.' ~ quoted_name(column), part.columns[column], kind) }} as {{ column }},
        {% else -%}
        cast(null as {{ landed_type(kind) }}) as {{ column }},
        {% endif -%}
        {%- endfor -%}
        true
        {%- for column in columns if part.columns[column] == 'BLOB' %}
        {%- set value = 'raw.' ~ quoted_name(column) %}
        and ({{ value }} is null or {{ text_of_bytes(value) }} is not null)
        {%- endfor %} as is_readable,
        cast(null as varchar) as line,
        {
            {%- for column, type in types.items() %}
            {%- set value = 'raw.' ~ quoted_name(column) %}
            {{ quoted_name(column) }}:
                {%- if column not in part.columns %} null
                {%- elif part.columns[column] == 'BLOB' %} coalesce({{ text_of_bytes(value) }}, cast({{ value }} as varchar))
                {%- elif type %} {{ value }}
                {%- elif part.columns[column].startswith(('STRUCT', 'MAP')) %} {{ row_as_json(value) }}
                {%- else %} cast({{ value }} as varchar)
                {%- endif %}
                {%- if not loop.last %},{% endif %}
            {%- endfor %}
        } as raw_row,
        {% if part.kind == 'table' -%}
        {%- set name = table_part_name(part.relation, ingestion_hour(part)) -%}
        '{{ part.relation | replace("'", "''") | replace('"', '') }}' as origin,
        {{ name }} as part
    from {{ rows_of_table(part, hours) }} as raw
        {%- if hours is not none %}
    where {{ is_in_hours(part, hours) }}
        {%- endif -%}
        {%- else -%}
        {#- longer than the name of any column of the file #}
        {%- set file_name = '_' * ((part.columns | map('length') | max) + 1) %}
        raw.{{ file_name }} as origin,
        raw.{{ file_name }} as part
    from read_parquet(
        {{ quoted_list(part.paths) }}, filename = '{{ file_name }}', hive_partitioning = false
        {{- ', binary_as_string = true' if part.bytes_are_text }}
    ) as raw
        {%- endif -%}
{%- endmacro %}


-- The text that bytes are in UTF-8, else null: some writers do not mark text as such.
{% macro text_of_bytes(column) -%}
    try(decode({{ column }}))
{%- endmacro %}


-- A column as it arrived, in its landed type; null where that cannot be.
{% macro landed_value(column, type, kind) -%}
    {%- if type == 'BLOB' -%}
        {%- set column, type = text_of_bytes(column), 'VARCHAR' -%}
    {%- endif -%}
    {%- set is_number = type.startswith(('TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT', 'UTINYINT', 'USMALLINT',
        'UINTEGER', 'UBIGINT', 'UHUGEINT', 'DECIMAL', 'FLOAT', 'DOUBLE')) and not type.endswith(']') -%}
    {%- if kind == 'timestamp' -%}
        {%- if type == 'TIMESTAMP' -%}
            {{ column }}
        {%- elif type == 'TIMESTAMP WITH TIME ZONE' -%}
            {{ column }} at time zone 'UTC'
        {%- elif type == 'DATE' or type.startswith('TIMESTAMP_') -%}
            try_cast({{ column }} as timestamp)
        {%- elif type == 'VARCHAR' -%}
            {{ parse_timestamp(column) }}
        {%- else -%}
            cast(null as timestamp)
        {%- endif -%}
    {%- elif kind == 'measure' -%}
        {%- if type == 'DOUBLE' -%}
            {#- beyond what a float holds to 9 decimals, its text says what is meant -#}
            case
                when {{ column }} between 0 and 9000000 then try_cast({{ column }} as {{ measure_type() }})
                else {{ parse_measure('cast(' ~ column ~ ' as varchar)') }}
            end
        {%- elif is_number -%}
            case when {{ column }} >= 0 then try_cast({{ column }} as {{ measure_type() }}) end
        {%- else -%}
            {{ parse_measure('cast(' ~ column ~ ' as varchar)') }}
        {%- endif -%}
    {%- elif kind == 'json' -%}
        {%- if type == 'VARCHAR' -%}
            {{ column }}
        {%- elif type == 'JSON' -%}
            {{ unwrapped_json(column) }}
        {%- else -%}
            {#- a struct has all keys that any row has -#}
            {{ without_nulls(row_as_json(column)) }}
        {%- endif -%}
    {%- else -%}
        cast({{ column }} as varchar)
    {%- endif -%}
{%- endmacro %}


-- JSON text; the text itself of a JSON string, since objects are also delivered as text.
{% macro unwrapped_json(column) -%}
    case
        {#- other programs write columns of this type, too, with what DuckDB fails to read -#}
        {%- set text = 'cast(' ~ column ~ ' as varchar)' %}
        when json_valid({{ text }}) and json_type({{ column }}) = 'VARCHAR' then {{ column }} ->> '$'
        else {{ text }}
    end
{%- endmacro %}


{% macro quoted_list(texts) -%}
    [{% for text in texts %}'{{ text | replace("'", "''") }}'{% if not loop.last %}, {% endif %}{% endfor %}]
{%- endmacro %}


{% macro quoted_name(name) -%}
    "{{ name | replace('"', '""') }}"
{%- endmacro %}


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
