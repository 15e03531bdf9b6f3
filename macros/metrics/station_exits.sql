-- What exited each station in the window, as the CTEs `exited_visits` and `exited_issues`, with those before them.
{% macro station_exits(keys) -%}
{%- set by = keys | join(', ') -%}
exits as (

    {{ exits(keys) }}

),

exited_visits as (

    select
        {{ by }},
        station,
        count(*) as exited_visits,
        {{ twice_median('duration_us') }} as twice_median_duration_us,
        {{ percentiles_of('duration_us') }} as duration_us_percentiles
    from exits
    group by {{ by }}, station

),

issue_exits as (

    select
        {{ by }},
        station,
        issue_id,
        max(case when ending = 'forward' then 1 else 0 end) as has_forward_exit,
        max(case when ending = 'rework' then 1 else 0 end) as has_rework_exit
    from exits
    group by {{ by }}, station, issue_id

),

exited_issues as (

    select
        {{ by }},
        station,
        count(*) as exited_issues,
        count(case when has_forward_exit = 1 then 1 end) as throughput,
        count(case when has_rework_exit = 1 then 1 end) as reworked_issues
    from issue_exits
    group by {{ by }}, station

),
{%- endmacro %}
