-- The parts of a cost document: what the stations cost, and how long agents and people work.


-- The CTEs up to `breakdowns`: cost per issue at each station; they read `reported`, `stations`, `issues` and `runs`.
{% macro costs_by_station(keys) -%}
{%- set by = keys | join(', ') -%}
station_runs as (

    select {{ by }}, station, sum(cost_usd) as cost_usd
    from runs
    group by {{ by }}, station

),

station_costs as (

    select
        {{ columns_of('reported', keys) }},
        stations.station,
        stations.station_position,
        coalesce(issues.total_issues, 0) as total_issues,
        coalesce(station_runs.cost_usd, 0) as cost_usd
    from reported
    cross join stations
    left join issues on {{ matching('reported', 'issues', keys) }}
    left join station_runs
        on {{ matching('reported', 'station_runs', keys) }}
        and stations.station = station_runs.station

),

shares as (

    select
        *,
        {{ round_ratio(billionths('cost_usd'), '(1000000000 * cast(total_issues as bigint))', 4) }} as cost,
        {{ ratio('cost_usd', 'total_issues') }} as cost_unrounded,
        -- with no issue every share is 0, and pipeline order decides
        case when total_issues > 0 then cost_usd else 0 end as ranked_cost_usd
    from station_costs

),

breakdowns as (

    select
        {{ by }},
        max(total_issues) as total_issues,
        sum(cost_usd) as total_cost_usd,
        {{ ordered_list(
            make_struct({'station': 'station', 'cost': 'cost'}),
            'ranked_cost_usd desc, station_position'
        ) }} as cost_per_station,
        {{ ordered_list(
            make_struct({'station': 'station', 'total_cost': 'cost_usd', 'cost': 'cost_unrounded'}),
            'ranked_cost_usd desc, station_position'
        ) }} as cost_per_station_unrounded
    from shares
    group by {{ by }}

),
{%- endmacro %}


-- The CTEs `agent_time` and `human_time`; they read `runs`.
{% macro agent_and_human_time(keys) -%}
{%- set by = keys | join(', ') -%}
agent_time as (

    select {{ by }}, sum(duration_ms) as agent_time_ms
    from runs
    group by {{ by }}

),

decisions as (

    {{ in_window(ref('int_reviews'), 'decided_at', keys + ['review_duration_ms']) }}

),

human_time as (

    select {{ by }}, sum(review_duration_ms) as human_time_ms
    from decisions
    group by {{ by }}

),
{%- endmacro %}
