-- The rows of `counted_issues` and `counted_runs` add up to every number of the aggregate marts.
with

marts as (

    {{ all_ranges('aggregate') }}

),

mart_days as (

    {{ list_items('marts', ['org_id', 'time_range', 'window_start'], {
        'cost': 'cost_trend', 'cost_unrounded': 'cost_trend_unrounded',
    }) }}

),

published as (

    {{ as_numbers('marts', {
        'total_issues': 'total_issues',
        'total_cost': 'total_cost',
        'avg_cycle_time_ms': 'avg_cycle_time_ms',
        'avg_yield': 'avg_yield',
        'throughput_per_day': 'throughput_per_day',
        'first_pass_issues': 'first_pass_issues',
        'total_cost_unrounded': 'total_cost_unrounded',
        'avg_cycle_time_ms_unrounded': 'avg_cycle_time_ms_unrounded',
        'avg_yield_unrounded': 'avg_yield_unrounded',
        'throughput_per_day_unrounded': 'throughput_per_day_unrounded',
    }, decimals={'total_cost': 4, 'avg_cycle_time_ms': 0, 'avg_yield': 1, 'throughput_per_day': 2}) }}
    union all
    {{ as_numbers('marts', cost_run_numbers()) }}
    union all
    {{ as_numbers('mart_days', {'cost_trend': 'cost', 'cost_trend_unrounded': 'cost_unrounded'},
        part='cast(' ~ plus_days('window_start', 'list_position - 1') ~ ' as date)',
        decimals={'cost_trend': 4}) }}

),

issues as (

    select
        org_id,
        time_range,
        count(*) as issues,
        count(case when is_first_pass then 1 end) as first_pass_issues,
        cast({{ twice_median('cycle_time_us') }} as double) / 2000 as cycle_time_ms
    from {{ ref('counted_issues') }}
    group by org_id, time_range

),

costs as (

    select
        org_id,
        time_range,
        recorded_on,
        sum(cost_usd) as cost_usd
    from {{ ref('counted_runs') }}
    group by org_id, time_range, recorded_on

),

total_costs as (

    select
        org_id,
        time_range,
        coalesce(sum(cost_usd), 0) as cost_usd,
        {{ cost_source_counts() }}
    from {{ ref('counted_runs') }}
    group by org_id, time_range

),

counted as (

    {{ as_numbers('issues', {
        'total_issues': 'issues',
        'avg_cycle_time_ms': 'cycle_time_ms',
        'avg_yield': '100.0 * first_pass_issues / issues',
        'throughput_per_day': 'cast(issues as double) / ' ~ days_of_range('time_range'),
        'first_pass_issues': 'first_pass_issues',
        'avg_cycle_time_ms_unrounded': 'cycle_time_ms',
        'avg_yield_unrounded': '100.0 * first_pass_issues / issues',
        'throughput_per_day_unrounded': 'cast(issues as double) / ' ~ days_of_range('time_range'),
    }) }}
    union all
    {{ as_numbers('total_costs', {'total_cost': 'cost_usd', 'total_cost_unrounded': 'cost_usd'}) }}
    union all
    {{ as_numbers('total_costs', cost_run_numbers()) }}
    union all
    {{ as_numbers('costs', {'cost_trend': 'cost_usd', 'cost_trend_unrounded': 'cost_usd'}, part='recorded_on') }}

)

{{ unexplained_numbers() }}
