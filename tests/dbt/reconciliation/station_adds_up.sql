-- The rows of `counted_visits` and `counted_open_visits` add up to every number of the station marts.
with

marts as (

    {{ all_ranges('station') }}

),

published as (

    {{ as_numbers('marts', {
        'wip_count': 'wip_count',
        'throughput': 'throughput',
        'cycle_time_ms': 'cycle_time_ms',
        'yield': 'yield',
        'exited_visits': 'exited_visits',
        'exited_issues': 'exited_issues',
        'reworked_issues': 'reworked_issues',
        'cycle_time_ms_unrounded': 'cycle_time_ms_unrounded',
        'yield_unrounded': 'yield_unrounded',
    }, part='station', decimals={'cycle_time_ms': 0, 'yield': 1}) }}

),

open_visits as (

    select
        org_id,
        time_range,
        station,
        count(*) as visits
    from {{ ref('counted_open_visits') }}
    group by org_id, time_range, station

),

visits as (

    select
        org_id,
        time_range,
        station,
        count(*) as visits,
        count(case when counts_in_throughput then 1 end) as throughput,
        count(case when counts_in_yield then 1 end) as issues,
        count(case when counts_in_yield and is_first_pass then 1 end) as first_pass_issues,
        cast({{ twice_median('duration_us') }} as double) / 2000 as cycle_time_ms
    from {{ ref('counted_visits') }}
    group by org_id, time_range, station

),

counted as (

    {{ as_numbers('open_visits', {'wip_count': 'visits'}, part='station') }}
    union all
    {{ as_numbers('visits', {
        'throughput': 'throughput',
        'cycle_time_ms': 'cycle_time_ms',
        'yield': '100.0 * first_pass_issues / issues',
        'exited_visits': 'visits',
        'exited_issues': 'issues',
        'reworked_issues': 'issues - first_pass_issues',
        'cycle_time_ms_unrounded': 'cycle_time_ms',
        'yield_unrounded': '100.0 * first_pass_issues / issues',
    }, part='station') }}

)

{{ unexplained_numbers() }}
