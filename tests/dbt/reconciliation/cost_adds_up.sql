-- The rows of `counted_runs`, `counted_issues` and `counted_reviews` add up to every number of the cost marts.
with

marts as (

    {{ all_ranges('cost') }}

),

mart_days as (

    {{ list_items('marts', ['org_id', 'time_range'], {
        'day': 'cost_trend', 'unrounded': 'cost_trend_unrounded',
    }) }}

),

mart_stations as (

    {{ list_items('marts', ['org_id', 'time_range'], {
        'share': 'cost_per_station', 'unrounded': 'cost_per_station_unrounded',
    }) }}

),

published as (

    {{ as_numbers('marts', {
        'avg_cost_per_issue': 'avg_cost_per_issue',
        'human_time_pct': 'human_time_pct',
        'agent_time_pct': 'agent_time_pct',
        'total_issues': 'total_issues',
        'total_cost_unrounded': 'total_cost_unrounded',
        'human_time_ms': 'human_time_ms',
        'agent_time_ms': 'agent_time_ms',
        'avg_cost_per_issue_unrounded': 'avg_cost_per_issue_unrounded',
        'human_time_pct_unrounded': 'human_time_pct_unrounded',
    }, decimals={'avg_cost_per_issue': 4, 'human_time_pct': 1, 'agent_time_pct': 1}) }}
    union all
    {{ as_numbers('marts', cost_run_numbers()) }}
    union all
    {{ as_numbers('mart_days', {'cost_trend': 'day.cost'}, part='day.date', decimals={'cost_trend': 4}) }}
    union all
    {{ as_numbers('mart_days', {'cost_trend_unrounded': 'unrounded.cost'}, part='unrounded.date') }}
    union all
    {{ as_numbers('mart_stations', {'cost_per_station': 'share.cost'}, part='share.station',
        decimals={'cost_per_station': 4}) }}
    union all
    {{ as_numbers('mart_stations', {
        'cost_per_station_unrounded': 'unrounded.cost', 'total_cost_per_station': 'unrounded.total_cost',
    }, part='unrounded.station') }}

),

issues as (

    select
        org_id,
        time_range,
        count(*) as issues
    from {{ ref('counted_issues') }}
    group by org_id, time_range

),

stations as (

    select
        runs.org_id,
        runs.time_range,
        runs.station,
        sum(runs.cost_usd) as cost_usd,
        sum(runs.cost_usd) / max(issues.issues) as cost_per_issue
    from {{ ref('counted_runs') }} as runs
    left join issues
        on runs.org_id = issues.org_id
        and runs.time_range = issues.time_range
    group by runs.org_id, runs.time_range, runs.station

),

costs as (

    select
        org_id,
        time_range,
        sum(cost_usd) as cost_usd,
        sum(cost_per_issue) as cost_per_issue
    from stations
    group by org_id, time_range

),

sources as (

    select
        org_id,
        time_range,
        {{ cost_source_counts() }}
    from {{ ref('counted_runs') }}
    group by org_id, time_range

),

days as (

    select
        org_id,
        time_range,
        recorded_on,
        sum(cost_usd) as cost_usd
    from {{ ref('counted_runs') }}
    group by org_id, time_range, recorded_on

),

times as (

    select
        org_id,
        time_range,
        sum(human_time_ms) as human_time_ms,
        sum(agent_time_ms) as agent_time_ms
    from (
        select
            org_id,
            time_range,
            review_duration_ms as human_time_ms,
            0 as agent_time_ms
        from {{ ref('counted_reviews') }}
        union all
        select
            org_id,
            time_range,
            0 as human_time_ms,
            duration_ms as agent_time_ms
        from {{ ref('counted_runs') }}
    ) as lengths
    group by org_id, time_range

),

counted as (

    {{ as_numbers('issues', {'total_issues': 'issues'}) }}
    union all
    {{ as_numbers('sources', cost_run_numbers()) }}
    union all
    {{ as_numbers('costs', {
        'avg_cost_per_issue': 'cost_per_issue',
        'avg_cost_per_issue_unrounded': 'cost_per_issue',
        'total_cost_unrounded': 'cost_usd',
    }) }}
    union all
    {{ as_numbers('stations', {
        'cost_per_station': 'cost_per_issue',
        'cost_per_station_unrounded': 'cost_per_issue',
        'total_cost_per_station': 'cost_usd',
    }, part='station') }}
    union all
    {{ as_numbers('days', {'cost_trend': 'cost_usd', 'cost_trend_unrounded': 'cost_usd'}, part='recorded_on') }}
    union all
    {{ as_numbers('times', {
        'human_time_ms': 'human_time_ms',
        'agent_time_ms': 'agent_time_ms',
        'human_time_pct': '100 * human_time_ms / nullif(human_time_ms + agent_time_ms, 0)',
        'agent_time_pct': '100 * agent_time_ms / nullif(human_time_ms + agent_time_ms, 0)',
        'human_time_pct_unrounded': '100 * human_time_ms / nullif(human_time_ms + agent_time_ms, 0)',
    }) }}

)

{{ unexplained_numbers() }}
