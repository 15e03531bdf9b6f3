-- The rows of `counted_runs` and `counted_outcomes` add up to every number of the provider marts.
with

marts as (

    {{ all_ranges('provider') }}

),

published as (

    {{ as_numbers('marts', {
        'success_rate': 'success_rate',
        'avg_cost': 'avg_cost',
        'avg_duration_ms': 'avg_duration_ms',
        'total_runs': 'total_runs',
        'cost_efficiency': 'cost_efficiency',
        'completed_events': 'completed_events',
        'rework_events': 'rework_events',
        'timed_runs': 'timed_runs',
        'total_cost': 'total_cost',
        'total_duration_ms': 'total_duration_ms',
        'success_rate_unrounded': 'success_rate_unrounded',
        'avg_cost_unrounded': 'avg_cost_unrounded',
        'avg_duration_ms_unrounded': 'avg_duration_ms_unrounded',
        'cost_efficiency_unrounded': 'cost_efficiency_unrounded',
    }, part='provider', decimals={'success_rate': 1, 'avg_cost': 4, 'avg_duration_ms': 0, 'cost_efficiency': 1}) }}
    union all
    {{ as_numbers('marts', cost_run_numbers(), part='provider') }}

),

runs as (

    select
        org_id,
        time_range,
        provider,
        count(*) as runs,
        count(duration_ms) as timed_runs,
        sum(cost_usd) as cost_usd,
        avg(cost_usd) as avg_cost,
        sum(duration_ms) as duration_ms,
        {{ cost_source_counts() }}
    from {{ ref('counted_runs') }}
    group by org_id, time_range, provider

),

outcomes as (

    select
        org_id,
        time_range,
        provider,
        count(case when outcome = 'completed' then 1 end) as completed_events,
        count(case when outcome = 'rework' then 1 end) as rework_events,
        100.0 * count(case when outcome = 'completed' then 1 end) / count(*) as success_rate
    from {{ ref('counted_outcomes') }}
    where counts_in_success_rate
    group by org_id, time_range, provider

),

efficiencies as (

    select
        runs.org_id,
        runs.time_range,
        runs.provider,
        outcomes.success_rate / nullif(runs.avg_cost, 0) as cost_efficiency
    from runs
    inner join outcomes
        on runs.org_id = outcomes.org_id
        and runs.time_range = outcomes.time_range
        and runs.provider = outcomes.provider

),

counted as (

    {{ as_numbers('runs', {
        'avg_cost': 'avg_cost',
        'avg_duration_ms': 'duration_ms / nullif(timed_runs, 0)',
        'total_runs': 'runs',
        'timed_runs': 'timed_runs',
        'total_cost': 'cost_usd',
        'total_duration_ms': 'duration_ms',
        'avg_cost_unrounded': 'avg_cost',
        'avg_duration_ms_unrounded': 'duration_ms / nullif(timed_runs, 0)',
    }, part='provider') }}
    union all
    {{ as_numbers('runs', cost_run_numbers(), part='provider') }}
    union all
    {{ as_numbers('outcomes', {
        'success_rate': 'success_rate',
        'completed_events': 'completed_events',
        'rework_events': 'rework_events',
        'success_rate_unrounded': 'success_rate',
    }, part='provider') }}
    union all
    {{ as_numbers('efficiencies', {
        'cost_efficiency': 'cost_efficiency', 'cost_efficiency_unrounded': 'cost_efficiency',
    }, part='provider') }}

)

{{ unexplained_numbers() }}
