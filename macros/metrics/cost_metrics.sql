-- Cost per issue, by station and by day, and the split of time between people and agents, over the window.
{% macro cost_metrics(days) -%}
with

reporting_window as (

    {{ reporting_window(days) }}

),

orgs as (

    {{ reported_orgs() }}

),

window_days as (

    {{ days_of_window(days) }}

),

stations as (

    {{ station_rows() }}

),

runs as (

    {{ in_window(ref('int_runs'), 'recorded_at', ['org_id', 'station', 'recorded_at', 'cost_usd', 'duration_ms']) }}

),

daily_costs as (

    {{ daily_costs() }}

),

trends as (

    select
        org_id,
        {{ ordered_list(make_struct({'date': 'day', 'cost': usd('cost_usd')}), 'day') }} as cost_trend,
        {{ ordered_list(make_struct({'date': 'day', 'cost': 'cost_usd'}), 'day') }} as cost_trend_unrounded
    from daily_costs
    group by org_id

),

completed_issues as (

    {{ completed_issues() }}

),

issues as (

    select org_id, count(*) as total_issues
    from completed_issues
    group by org_id

),

station_runs as (

    select org_id, station, sum(cost_usd) as cost_usd
    from runs
    group by org_id, station

),

station_costs as (

    select
        orgs.org_id,
        stations.station,
        stations.station_position,
        coalesce(issues.total_issues, 0) as total_issues,
        coalesce(station_runs.cost_usd, 0) as cost_usd
    from orgs
    cross join stations
    left join issues on orgs.org_id = issues.org_id
    left join station_runs
        on orgs.org_id = station_runs.org_id
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
        org_id,
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
    group by org_id

),

agent_time as (

    select org_id, sum(duration_ms) as agent_time_ms
    from runs
    group by org_id

),

decisions as (

    {{ in_window(ref('int_reviews'), 'decided_at', ['org_id', 'review_duration_ms']) }}

),

human_time as (

    select org_id, sum(review_duration_ms) as human_time_ms
    from decisions
    group by org_id

),

joined as (

    select
        orgs.*,
        breakdowns.total_issues,
        breakdowns.total_cost_usd,
        breakdowns.cost_per_station,
        breakdowns.cost_per_station_unrounded,
        trends.cost_trend,
        trends.cost_trend_unrounded,
        coalesce(human_time.human_time_ms, 0) as human_time_ms,
        coalesce(agent_time.agent_time_ms, 0) as agent_time_ms
    from orgs
    inner join breakdowns on orgs.org_id = breakdowns.org_id
    inner join trends on orgs.org_id = trends.org_id
    left join human_time on orgs.org_id = human_time.org_id
    left join agent_time on orgs.org_id = agent_time.org_id

),

split as (

    select
        *,
        human_time_ms + agent_time_ms as total_time_ms,
        {{ percentage(billionths('human_time_ms'), billionths('(human_time_ms + agent_time_ms)')) }} as human_time_pct
    from joined

),

final as (

    select
        -- keys and window
        org_id,
        as_of,
        window_start,

        -- the document
        {{ round_ratio(billionths('total_cost_usd'), '(1000000000 * cast(total_issues as bigint))', 4) }}
            as avg_cost_per_issue,
        cost_per_station,
        cost_trend,
        human_time_pct,
        case when total_time_ms = 0 then 0 else {{ one_decimal('100 - human_time_pct') }} end as agent_time_pct,

        -- sums and unrounded values
        total_issues,
        total_cost_usd as total_cost_unrounded,
        human_time_ms,
        agent_time_ms,
        {{ ratio('total_cost_usd', 'total_issues') }} as avg_cost_per_issue_unrounded,
        cost_per_station_unrounded,
        cost_trend_unrounded,
        {{ ratio('100 * human_time_ms', 'total_time_ms') }} as human_time_pct_unrounded
    from split

)

-- Readers of documents take orgs in this order, a few at a time.
select * from final
order by org_id
{%- endmacro %}
