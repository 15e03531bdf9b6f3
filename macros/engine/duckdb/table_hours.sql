-- The parts of a table: the hours in which its rows were ingested.


{% macro duckdb__table_part(relation) -%}
    {%- if not adapter.get_relation(relation.database, relation.schema, relation.identifier) -%}
        {{ exceptions.raise_compiler_error(
            "there is no table " ~ relation ~ ": load it (`dbt seed` for the demo), or fix raw_database and raw_schema"
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


-- What the hour of a table is called as a part of the log.
{% macro table_part_name(relation, hour) -%}
    '{{ relation | replace("'", "''") | replace('"', '') }} ' || coalesce(cast({{ hour }} as varchar), 'unknown hour')
{%- endmacro %}


-- The hour in which a row of a table was ingested; null where it does not say.
{% macro ingestion_hour(part, columns) -%}
    date_trunc('hour', {{ in_calendar(first_given(readings_of_columns(part, columns['ingested_at']))) }})
{%- endmacro %}


-- The hour that the column `part` names; null where it is unknown.
{% macro hour_of_part(relation) -%}
    {%- set prefix = relation | replace('"', '') ~ ' ' -%}
    try_cast(substr(part, {{ prefix | length + 1 }}) as timestamp)
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


-- The column that a database can look up hours of ingestion in, as it is called in a table, and whether all rows have it. It
-- is the first that names the time of ingestion.
{% macro hours_looked_up_in(part, columns) -%}
    {%- set names = columns_called(part, columns['ingested_at'].names) -%}
    {%- set is_in_all_rows = names | length == 1 or not run_query(
        "select 1 from " ~ part.relation ~ " where " ~ quoted_name(names[0]) ~ " is null limit 1"
    ).rows -%}
    {{ return({'name': names[0], 'type': part.columns[names[0]], 'is_in_all_rows': is_in_all_rows}) }}
{%- endmacro %}


-- A condition: whether a row of a table was ingested in one of the hours that these parts are.
{% macro is_in_hours(part, columns, parts) -%}
    {%- set hours = [] -%}
    {%- for hour in known_hours(part, parts) -%}
        {%- do hours.append("timestamp '" ~ hour ~ "'") -%}
    {%- endfor -%}
    {%- set hour = ingestion_hour(part, columns) -%}
    {%- set looked_up = hours_looked_up_in(part, columns) -%}
    (
        {%- if hours %}
        {#- the column itself, which a database can look up #}
        {% if looked_up.type == 'TIMESTAMP' and looked_up.is_in_all_rows -%}
        {%- set column = 'raw.' ~ quoted_name(looked_up.name) -%}
        {{ column }} >= {{ hours | min }} and {{ column }} < {{ hours | max }} + interval 1 hour and
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
