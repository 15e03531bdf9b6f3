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


{% macro assert_columns(part, log, columns, optional) -%}
    {%- set places = [part.relation | string] if part.kind == 'table' else [] -%}
    {%- for path in part.paths or [] -%}
        {%- do places.append(path[part.prefix | length:]) -%}
    {%- endfor -%}
    {%- set has = ", which has: " ~ part.columns.keys() | join(', ') -%}
    {%- if log == 'factory_metrics' and not columns_called(part, ['station'])
        and columns_called(part, spellings(['event_type'])) -%}
        {{ exceptions.raise_compiler_error(
            "there are rows of factory_events, not of " ~ log ~ ", in " ~ places | join(', ') ~ has
        ) }}
    {%- endif -%}
    {%- for column in columns if column not in optional and not columns_called(part, columns[column].names) -%}
        {{ exceptions.raise_compiler_error(
            "the required column " ~ columns[column].names | join(' or ') ~ " is missing in " ~ places | join(', ') ~ has
        ) }}
    {%- endfor -%}
{%- endmacro %}


-- The columns of a part that have one of these names, in the order of the names. The letter case of columns does not matter.
{% macro columns_called(part, names) -%}
    {{ return(names | map('lower') | select('in', part.columns) | list) }}
{%- endmacro %}


-- What a part has under the names of a column: each `value`, in its `landed` type, and whether it `is_given`.
{% macro readings_of_columns(part, described) -%}
    {%- set readings = [] -%}
    {%- for name in columns_called(part, described.names) -%}
        {%- set value, type = 'raw.' ~ quoted_name(name), part.columns[name] -%}
        {%- do readings.append({
            'value': value,
            'landed': landed_value(value, type, described.kind),
            'is_given': is_given(value, type),
        }) -%}
    {%- endfor -%}
    {{ return(readings) }}
{%- endmacro %}


-- The first of these readings that has a value.
{% macro first_given(readings) -%}
    {%- if readings | length == 1 -%}
        {{ readings[0].landed }}
    {%- else -%}
        case
            -- mostly so, and quickly seen
            when {% for other in readings[1:] %}{{ other.value }} is null{{ ' and ' if not loop.last }}{% endfor %} then {{ readings[0].landed }}
            {%- for reading in readings[:-1] %}
            when {{ reading.is_given }} then {{ reading.landed }}
            {%- endfor %}
            else {{ readings[-1].landed }}
        end
    {%- endif -%}
{%- endmacro %}


-- A column of the log, and for a measure whether it has a value.
{% macro landed_columns(column, kind, readings) -%}
    {% if readings %}{{ first_given(readings) }}{% else %}cast(null as {{ landed_type(kind) }}){% endif %} as {{ column }},
    {% if kind == 'measure' -%}
    {{ readings | map(attribute='is_given') | join(' or ') or 'false' }} as has_{{ column }},
    {% endif -%}
{%- endmacro %}


-- A part with columns: Parquet files of one schema, or a table, of which only the hours in `hours` if they are given.
{% macro read_columns(part, columns, types, hours) -%}
    select
        {% for column, described in columns.items() -%}
        {{ landed_columns(column, described.kind, readings_of_columns(part, described)) }}
        {%- endfor -%}
        true
        {%- for described in columns.values() %}
        {%- for column in columns_called(part, described.names) if part.columns[column] == 'BLOB' %}
        {%- set value = 'raw.' ~ quoted_name(column) %}
        and ({{ value }} is null or {{ text_of_bytes(value) }} is not null)
        {%- endfor %}
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
        {%- set name = table_part_name(part.relation, ingestion_hour(part, columns)) -%}
        '{{ part.relation | replace("'", "''") | replace('"', '') }}' as origin,
        {{ name }} as part
    from {{ rows_of_table(part, columns, hours) }} as raw
        {%- if hours is not none %}
    where {{ is_in_hours(part, columns, hours) }}
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
        {%- elif type == 'JSON' -%}
            {{ parse_timestamp(json_string(unbroken_json(column))) }}
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
        {%- elif type == 'JSON' -%}
            {{ parse_measure(unwrapped_json(column)) }}
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
    {%- elif type == 'JSON' -%}
        {{ unwrapped_json(column) }}
    {%- else -%}
        cast({{ column }} as varchar)
    {%- endif -%}
{%- endmacro %}


-- Whether a column has a value: null and blank text are none, whatever does not fit the column is one.
{% macro is_given(column, type) -%}
    {%- if type == 'VARCHAR' -%}
        {{ null_if_blank(column) }} is not null
    {%- elif type == 'JSON' -%}
        {{ null_if_blank(unwrapped_json(column)) }} is not null
    {%- elif type == 'BLOB' -%}
        {#- a row with bytes that are no text is unreadable -#}
        {{ null_if_blank(text_of_bytes(column)) }} is not null
    {%- else -%}
        {{ column }} is not null
    {%- endif -%}
{%- endmacro %}


-- JSON text; the text itself of a JSON string, since objects are also delivered as text, and null for JSON's null.
{% macro unwrapped_json(column) -%}
    case json_type({{ unbroken_json(column) }})
        when 'VARCHAR' then {{ column }} ->> '$'
        when 'NULL' then null
        else cast({{ column }} as varchar)
    end
{%- endmacro %}


-- A column of type JSON, null where it has no JSON: other programs write such columns, too.
{% macro unbroken_json(column) -%}
    case when json_valid(cast({{ column }} as varchar)) then {{ column }} end
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
