-- Reading parts with columns of their own: Parquet files and tables.


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


-- Texts as a SQL list of literals.
{% macro quoted_list(texts) -%}
    [{% for text in texts %}{{ sql_text(text) }}{% if not loop.last %}, {% endif %}{% endfor %}]
{%- endmacro %}


-- A name as a SQL identifier.
{% macro quoted_name(name) -%}
    "{{ name | replace('"', '""') }}"
{%- endmacro %}
