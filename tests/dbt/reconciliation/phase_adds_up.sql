-- The rows of `counted_visits`, `counted_runs`, `counted_outcomes` and `counted_issues` add up to every number of the phase
-- marts.
with

marts as (

    {{ all_ranges('phase') }}

),

mart_phases as (

    {{ list_items('marts', ['org_id', 'time_range'], {'item': 'phases', 'unrounded': 'phases_unrounded'}) }}

),

mart_strategies as (

    {{ list_items('marts', ['org_id', 'time_range'], {'share': 'escalation_distribution'}) }}

),

published as (

    {{ as_numbers('marts', {
        'avg_cycles_per_issue': 'avg_cycles_per_issue',
        'total_reworks': 'total_reworks',
        'total_completed': 'total_completed',
        'avg_cycles_per_issue_unrounded': 'avg_cycles_per_issue_unrounded',
    }, decimals={'avg_cycles_per_issue': 2}) }}
    union all
    {{ as_numbers('mart_phases', {
        'phase_cycle_time_ms': 'item.avg_cycle_time_ms',
        'phase_cost_usd': 'item.avg_cost_usd',
        'phase_throughput': 'item.throughput',
    }, part='item.phase', decimals={'phase_cycle_time_ms': 0, 'phase_cost_usd': 4}) }}
    union all
    {{ as_numbers('mart_phases', {
        'phase_cycle_time_ms_unrounded': 'unrounded.avg_cycle_time_ms',
        'phase_cost_usd_unrounded': 'unrounded.avg_cost_usd',
        'phase_total_cost': 'unrounded.total_cost',
    }, part='unrounded.phase') }}
    union all
    {{ as_numbers('mart_strategies', {
        'escalation_count': 'share.count', 'escalation_percentage': 'share.percentage',
    }, part='share.strategy', decimals={'escalation_percentage': 1}) }}

),

visits as (

    select
        org_id,
        time_range,
        station,
        count(case when counts_in_throughput then 1 end) as throughput,
        cast(sum(case when counts_in_phase_cycle_time then duration_us end) as double) / 1000 as total_duration_ms
    from {{ ref('counted_visits') }}
    group by org_id, time_range, station

),

runs as (

    select
        org_id,
        time_range,
        station,
        sum(cost_usd) as cost_usd
    from {{ ref('counted_runs') }}
    group by org_id, time_range, station

),

phases as (

    select
        runs.org_id,
        runs.time_range,
        runs.station,
        runs.cost_usd / nullif(visits.throughput, 0) as cost_per_issue
    from runs
    inner join visits
        on runs.org_id = visits.org_id
        and runs.time_range = visits.time_range
        and runs.station = visits.station

),

loops as (

    select
        org_id,
        time_range,
        sum(completed) as completed,
        sum(reworks) as reworks
    from (
        select
            org_id,
            time_range,
            1 as completed,
            0 as reworks
        from {{ ref('counted_issues') }}
        union all
        select
            org_id,
            time_range,
            0 as completed,
            1 as reworks
        from {{ ref('counted_outcomes') }}
        where counts_in_total_reworks
    ) as counted_rows
    group by org_id, time_range

),

strategies as (

    select
        org_id,
        time_range,
        escalation_strategy,
        count(*) as issues,
        100.0 * count(*) / sum(count(*)) over (partition by org_id, time_range) as percentage
    from {{ ref('counted_issues') }}
    group by org_id, time_range, escalation_strategy

),

counted as (

    {{ as_numbers('loops', {
        'avg_cycles_per_issue': 'cast(completed + reworks as double) / nullif(completed, 0)',
        'total_reworks': 'reworks',
        'total_completed': 'completed',
        'avg_cycles_per_issue_unrounded': 'cast(completed + reworks as double) / nullif(completed, 0)',
    }) }}
    union all
    {{ as_numbers('visits', {
        'phase_cycle_time_ms': 'total_duration_ms / nullif(throughput, 0)',
        'phase_throughput': 'throughput',
        'phase_cycle_time_ms_unrounded': 'total_duration_ms / nullif(throughput, 0)',
    }, part='station') }}
    union all
    {{ as_numbers('phases', {
        'phase_cost_usd': 'cost_per_issue', 'phase_cost_usd_unrounded': 'cost_per_issue',
    }, part='station') }}
    union all
    {{ as_numbers('runs', {'phase_total_cost': 'cost_usd'}, part='station') }}
    union all
    {{ as_numbers('strategies', {
        'escalation_count': 'issues', 'escalation_percentage': 'percentage',
    }, part='escalation_strategy') }}

)

{{ unexplained_numbers() }}
