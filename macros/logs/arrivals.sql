-- When rows of the logs arrived.


-- What arrived: one row per org, project and day of ingestion of the rows of a log.
{% macro arrivals(log_rows, happened_at) -%}
with

log_rows as (

    {{ log_rows }}

),

final as (

    select
        -- ids
        org_id,
        project_id,

        -- numerics
        count(*) as row_count,

        -- timestamps
        cast(ingested_at as date) as ingested_on,
        min(ingested_at) as first_ingested_at,
        min({{ happened_at }}) as first_happened_at
    from log_rows
    group by org_id, project_id, cast(ingested_at as date)

)

select * from final
{%- endmacro %}


-- A condition for the rows of a log that were ingested on one of the days; all rows for none. The first of the days is a
-- literal, so that older rows are not even read.
{% macro ingested_on_days(days) -%}
    {%- if days is none -%}
        {{ return('true') }}
    {%- endif -%}
    {%- set first_day = run_query('select min(days.day) from (' ~ days ~ ') as days (day)').rows[0][0] -%}
    {{ return("ingested_at >= timestamp '" ~ first_day ~ "' and cast(ingested_at as date) in (" ~ days ~ ')'
        if first_day else 'false') }}
{%- endmacro %}
