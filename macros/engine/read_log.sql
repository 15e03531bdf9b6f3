-- The parts that a raw log has now, with what tells whether one has changed: files with their size and time, or the
-- hours of ingestion of a table with their number of rows. DuckDB-specific because it lists files.
--
-- A table's hours before the look-back are counted only when the table has more or fewer rows than were counted before.
-- `known` is the relation of the parts that are known already, or none.
{% macro list_log_parts(relation, columns, optional, known) -%}
    {{ return(adapter.dispatch('list_log_parts')(relation, columns, optional, known)) }}
{%- endmacro %}

{% macro duckdb__list_log_parts(relation, columns, optional, known) -%}
    {%- if not execute -%}
        select null as part, null as fingerprint
    {%- elif var('raw_path') -%}
        {%- set files = tojson(files_of_log(relation.identifier).files) -%}
        select unnest(
            from_json('{{ files | replace("'", "''") }}', '[{"part": "VARCHAR", "fingerprint": "VARCHAR"}]'),
            recursive := true
        )
    {%- else -%}
        {%- set part = table_part(relation) -%}
        {%- do assert_columns(part, columns, optional) -%}
        {%- set hour = ingestion_hour(part) -%}
        {%- set counted_from = none if known is none else hour_to_count_from(relation, hour, known) -%}
        select
            {{ table_part_name(relation, hour) }} as part,
            cast(count(*) as varchar) as fingerprint
        from {{ relation }} as raw
        {%- if counted_from %}
        where {{ hour }} >= timestamp '{{ counted_from }}'
        {%- endif %}
        group by part
        {%- if known is not none %}
        union all
        -- hours that were cleaned up
        select part, '0' as fingerprint
        from {{ known }}
        where
            log = '{{ relation.identifier }}'
            {%- if counted_from %}
            and {{ hour_of_part(relation) }} >= timestamp '{{ counted_from }}'
            {%- endif %}
            and part not in (
                select {{ table_part_name(relation, hour) }} from {{ relation }} as raw
                {%- if counted_from %}
                where {{ hour }} >= timestamp '{{ counted_from }}'
                {%- endif %}
            )
        {%- endif %}
    {%- endif -%}
{%- endmacro %}


-- The files of a log in raw_path, and what is skipped there.
{% macro files_of_log(log) -%}
    {%- set folder = var('raw_path') ~ '/' ~ log -%}
    {%- set answer = fromjson(run_query("select list_log_files('" ~ folder | replace("'", "''") ~ "')").rows[0][0]) -%}
    {%- if answer.error -%}
        {{ exceptions.raise_compiler_error(answer.error) }}
    {%- endif -%}
    {{ return(answer.log) }}
{%- endmacro %}


-- The hour from which on the rows of a table have to be counted, if those before it are as many as they were, and in the
-- same hours; else none, for all of them have to be.
{% macro hour_to_count_from(relation, hour, known) -%}
    {%- set answer = run_query(
        "with hours as (select " ~ hour_of_part(relation) ~ " as hour,"
        ~ " cast(fingerprint as bigint) as row_count from " ~ known ~ " where log = '" ~ relation.identifier ~ "'),"
        ~ " latest as (select max(hour) - interval '" ~ var('look_back_hours') ~ " hours' as hour from hours),"
        ~ " before as (select count(*) as row_count, coalesce(sum(coalesce(epoch_ms(" ~ hour ~ "), 1)::hugeint), 0) as checksum"
        ~ " from " ~ relation ~ " as raw where " ~ hour ~ " < (select hour from latest) or " ~ hour ~ " is null),"
        ~ " known_before as (select coalesce(sum(row_count), 0) as row_count,"
        ~ " coalesce(sum(row_count * coalesce(epoch_ms(hour), 1)::hugeint), 0) as checksum from hours"
        ~ " where hour < (select hour from latest) or hour is null)"
        ~ " select (select hour from latest), before.row_count = known_before.row_count"
        ~ " and before.checksum = known_before.checksum from before, known_before"
    ).rows[0] -%}
    {{ return(answer[0] if answer[1] else none) }}
{%- endmacro %}


-- The hour in which a row of a table was ingested; null where it does not say.
{% macro ingestion_hour(part) -%}
    date_trunc('hour', {{ in_calendar(landed_value('raw.ingested_at', part.columns['ingested_at'], 'timestamp')) }})
{%- endmacro %}


{% macro table_part_name(relation, hour) -%}
    '{{ relation | replace("'", "''") | replace('"', '') }} ' || coalesce(cast({{ hour }} as varchar), 'unknown hour')
{%- endmacro %}


-- The hour that the column `part` names; null where it is unknown.
{% macro hour_of_part(relation) -%}
    {%- set prefix = relation | replace('"', '') ~ ' ' -%}
    try_cast(substr(part, {{ prefix | length + 1 }}) as timestamp)
{%- endmacro %}


-- The rows of a raw log with the log's columns, typed, whatever form they arrived in. Beside them:
--   is_readable   false for text that is no row at all
--   line          the row as it arrived, where it arrived as text
--   raw_row       the row as it arrived, where it arrived with columns (a struct)
--   origin        the file or table that it came from
--   part          the part of the log that it came in
-- DuckDB-specific because it reads files. `relation` is the log as a source, `columns` maps each column of the
-- log to its kind (text, timestamp, measure or json), `optional` names those that need not be there, `parts` names the
-- parts to read. A table is read whole unless `only_parts` is set.
{% macro read_log(relation, columns, optional, parts, only_parts) -%}
    {{ return(adapter.dispatch('read_log')(relation, columns, optional, parts, only_parts)) }}
{%- endmacro %}


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


-- How many rows the files of a log have, by part: counted when they are looked at, not read by DuckDB.
{% macro count_log_rows(parts) -%}
    {{ return(adapter.dispatch('count_log_rows')(parts)) }}
{%- endmacro %}

{% macro duckdb__count_log_rows(parts) -%}
    {%- set answer = run_query(
        "select count_log_rows('" ~ tojson(parts) | replace("'", "''") ~ "')"
    ).rows[0][0] if execute else '{"parts": []}' -%}
    {%- if fromjson(answer).error -%}
        {{ exceptions.raise_compiler_error(fromjson(answer).error) }}
    {%- endif -%}
    select unnest(
        from_json('{{ answer | replace("'", "''") }}', '{"parts": [{"part": "VARCHAR", "row_count": "BIGINT"}]}').parts,
        recursive := true
    )
{%- endmacro %}


{% macro landed_type(kind) -%}
    {{ return({'timestamp': 'timestamp', 'measure': measure_type()}.get(kind, 'varchar')) }}
{%- endmacro %}


-- What to read: the table, or files grouped by how they are read, see scripts/factory_metrics/landing.py.
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


-- A table with its columns.
{% macro table_part(relation) -%}
    {%- if not adapter.get_relation(relation.database, relation.schema, relation.identifier) -%}
        {{ exceptions.raise_compiler_error(
            "there is no table " ~ relation ~ ": load it (`dbt seed` for the demo), or mend raw_database and raw_schema"
        ) }}
    {%- endif -%}
    {%- set described = run_query("select lower(column_name), column_type from (describe " ~ relation ~ ")") -%}
    {%- set columns = {} -%}
    {%- for row in described -%}
        {%- do columns.update({row[0]: row[1]}) -%}
    {%- endfor -%}
    {%- set part = {'kind': 'table', 'relation': relation, 'columns': columns} -%}
    {%- do part.update({'postgres_columns': postgres_columns(relation)}) -%}
    {%- for name, is_numeric in part.postgres_columns if is_numeric -%}
        {%- do columns.update({name | lower: 'VARCHAR'}) -%}
    {%- endfor -%}
    {{ return(part) }}
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
        raw._origin as origin,
        raw._origin as part
    from read_parquet(
        {{ quoted_list(part.paths) }}, filename = '_origin', hive_partitioning = false
        {{- ', binary_as_string = true' if part.bytes_are_text }}
    ) as raw
        {%- endif -%}
{%- endmacro %}


-- A condition: whether a row of a table was ingested in one of the hours that these parts are.
{% macro is_in_hours(part, parts) -%}
    {%- set hours = [] -%}
    {%- for hour in known_hours(part, parts) -%}
        {%- do hours.append("timestamp '" ~ hour ~ "'") -%}
    {%- endfor -%}
    {%- set hour = ingestion_hour(part) -%}
    (
        {%- if hours %}
        {#- the column itself, which a database can look up #}
        {% if part.columns['ingested_at'] == 'TIMESTAMP' -%}
        raw.ingested_at >= {{ hours | min }} and raw.ingested_at < {{ hours | max }} + interval 1 hour and
        {% endif -%}
        {{ hour }} in ({{ hours | join(', ') }})
        {%- endif %}
        {%- if hours | length < parts | length %}
        {{ 'or' if hours }} {{ hour }} is null
        {%- endif %}
    )
{%- endmacro %}


-- The hours that parts of a table are, as text; those whose hour is unknown are left out.
{% macro known_hours(part, parts) -%}
    {%- set prefix = part.relation | replace('"', '') ~ ' ' -%}
    {%- set hours = [] -%}
    {%- for name in parts if not name.endswith(' unknown hour') -%}
        {%- do hours.append(name[prefix | length:]) -%}
    {%- endfor -%}
    {{ return(hours) }}
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


-- A checksum of the macros that incremental models are made of, see scripts/factory_metrics/dbt_plugin.py.
{% macro macros_version() -%}
    {{ return(adapter.dispatch('macros_version')()) }}
{%- endmacro %}

{% macro duckdb__macros_version() -%}
    {{ return(run_query("select macros_version()").rows[0][0]) }}
{%- endmacro %}
