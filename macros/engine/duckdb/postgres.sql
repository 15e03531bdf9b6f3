-- Tables in PostgreSQL, whose `numeric` DuckDB's scanner reads wrong: NaN and infinity as 0, and what has no precision as a
-- float, which loses digits. PostgreSQL itself makes text of them.


-- The columns of a table in PostgreSQL as PostgreSQL calls them, each with whether it is numeric; none if the table is
-- elsewhere, or has no such column.
{% macro postgres_columns(relation) -%}
    {%- if not run_query(
        "select 1 from duckdb_databases() where type = 'postgres' and database_name = '" ~ relation.database ~ "'"
    ).rows -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set query -%}
        select attname::text as name, 'numeric'::regtype in (atttypid, typbasetype) as is_numeric
        from pg_attribute inner join pg_type on pg_type.oid = atttypid
        where
            attrelid = to_regclass({{ sql_text(postgres_name(relation)) }})
            and attnum > 0 and not attisdropped
        order by attnum
    {%- endset -%}
    {%- set columns = run_query("select * from " ~ asked_of_postgres(relation, query)).rows -%}
    {{ return(columns if true in columns | map(attribute=1) else []) }}
{%- endmacro %}


-- What to select a table's rows from: the table, or a query that PostgreSQL answers. Of the latter only the hours in `hours`
-- if they are given, as DuckDB's own conditions do not get there.
{% macro rows_of_table(part, columns, hours) -%}
    {%- if not part.postgres_columns -%}
        {{ return(part.relation) }}
    {%- endif -%}
    {%- set selected = [] -%}
    {%- set looked_up = hours_looked_up_in(part, columns) -%}
    {%- set ingested_at = [] -%}
    {%- for name, is_numeric in part.postgres_columns -%}
        {%- set quoted = quoted_name(name) -%}
        {%- do selected.append(quoted ~ ('::text as ' ~ quoted if is_numeric else '')) -%}
        {%- if name | lower == looked_up.name -%}{%- do ingested_at.append(quoted) -%}{%- endif -%}
    {%- endfor -%}
    {%- set zone = {'TIMESTAMP': '', 'TIMESTAMP WITH TIME ZONE': '+00'}.get(looked_up.type) -%}
    {%- set query -%}
        select {{ selected | join(', ') }} from {{ postgres_name(part.relation) }}
        {%- if hours is not none and zone is not none %}
        {%- set known = known_hours(part, hours) %}
        where
            {% if known -%}
            {{ ingested_at[0] }} >= '{{ known | min }}{{ zone }}'
            and {{ ingested_at[0] }} < {{ 'timestamptz' if zone else 'timestamp' }} '{{ known | max }}{{ zone }}' + interval '1 hour'
            {%- else -%}
            false
            {%- endif %}
            {%- if known | length < hours | length or not looked_up.is_in_all_rows %}
            or {{ ingested_at[0] }} is null
            {%- endif %}
            {%- if known | length < hours | length %}
            or {{ ingested_at[0] }} < '0001-01-01{{ zone }}' or {{ ingested_at[0] }} >= '10000-01-01{{ zone }}'
            {%- endif %}
        {%- endif %}
    {%- endset -%}
    {{ return(asked_of_postgres(part.relation, query)) }}
{%- endmacro %}


-- A table in PostgreSQL, as PostgreSQL calls it.
{% macro postgres_name(relation) -%}
    {{ return(quoted_name(relation.schema) ~ '.' ~ quoted_name(relation.identifier)) }}
{%- endmacro %}


-- The rows of a query that the database of a relation answers.
{% macro asked_of_postgres(relation, query) -%}
    {{ return("postgres_query('" ~ relation.database ~ "', '" ~ query | replace("'", "''") ~ "')") }}
{%- endmacro %}
