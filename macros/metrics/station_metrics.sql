-- Work in progress, throughput, cycle time and yield of each org's six stations over the window.
{% macro station_metrics(days, periods_ago=0, keys=['org_id'], percentiles=false) -%}
{%- set by = keys | join(', ') -%}
with

{{ window_and_groups(days, periods_ago, keys) }}

stations as (

    {{ station_rows() }}

),

work_in_progress as (

    {{ open_visits(keys + ['station']) }}

),

open_visits as (

    select
        {{ by }},
        station,
        count(*) as wip_count
    from work_in_progress
    group by {{ by }}, station

),

{{ station_exits(keys) }}

joined as (

    select
        reported.*,
        stations.station,
        stations.station_position,
        coalesce(open_visits.wip_count, 0) as wip_count,
        coalesce(exited_visits.exited_visits, 0) as exited_visits,
        coalesce(exited_visits.twice_median_duration_us, 0) as twice_median_duration_us,
        exited_visits.duration_us_percentiles,
        coalesce(exited_issues.throughput, 0) as throughput,
        coalesce(exited_issues.exited_issues, 0) as exited_issues,
        coalesce(exited_issues.reworked_issues, 0) as reworked_issues
    from reported
    cross join stations
    left join open_visits
        on {{ matching('reported', 'open_visits', keys) }}
        and stations.station = open_visits.station
    left join exited_visits
        on {{ matching('reported', 'exited_visits', keys) }}
        and stations.station = exited_visits.station
    left join exited_issues
        on {{ matching('reported', 'exited_issues', keys) }}
        and stations.station = exited_issues.station

),

final as (

    select
        -- keys and window
        {{ by }},
        station,
        station_position,
        as_of,
        window_start,

        -- the document
        wip_count,
        throughput,
        {{ median_ms('twice_median_duration_us') }} as cycle_time_ms,
        {{ percentage('(exited_issues - reworked_issues)', 'exited_issues') }} as yield,

        -- sums and unrounded values
        exited_visits,
        exited_issues,
        reworked_issues,
        cast(twice_median_duration_us as double) / 2000 as cycle_time_ms_unrounded,
        {{ ratio('100 * (exited_issues - reworked_issues)', 'exited_issues') }} as yield_unrounded
        {%- if percentiles %},
        {{ percentile_columns('cycle_time', 'ms', 'duration_us_percentiles') }}
        {%- endif %}
    from joined

)

-- Readers of documents take orgs in this order, a few at a time.
select * from final
order by {{ by }}, station_position
{%- endmacro %}
