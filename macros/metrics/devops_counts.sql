-- The counts and times of a devops document: of its changes and of its incidents.


-- How many changes there are, how many have failed, and how long they took; reads the CTE `changes`.
{% macro change_counts(keys) -%}
    select
        {{ keys | join(', ') }},
        count(*) as changes,
        count(case when has_failed then 1 end) as failed_changes,
        count(lead_time_us) as timed_changes,
        {{ twice_median('lead_time_us') }} as twice_median_lead_time_us,
        {{ percentiles_of('lead_time_us') }} as lead_time_us_percentiles
    from changes
    group by {{ keys | join(', ') }}
{%- endmacro %}


-- The CTEs `incident_counts` and `downtimes`, with those before them; they read `incidents`.
{% macro incident_counts(keys) -%}
{%- set by = keys | join(', ') -%}
recoveries as (

    select
        *,
        case
            when is_recovered then {{ microseconds_between('opened_at', 'resolved_at') }}
        end as recovery_us
    from incidents

),

incident_counts as (

    select
        {{ by }},
        count(case when is_open then 1 end) as open_incidents,
        count(recovery_us) as recovered_incidents,
        coalesce(sum(recovery_us), 0) as total_recovery_us,
        {{ percentiles_of('recovery_us') }} as recovery_us_percentiles
    from recoveries
    group by {{ by }}

),

outages as (

    {{ outages(keys) }}

),

downtimes as (

    select
        {{ by }},
        sum(downtime_us) as downtime_us
    from outages
    group by {{ by }}

),
{%- endmacro %}
