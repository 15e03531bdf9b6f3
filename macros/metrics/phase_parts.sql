-- The parts of a phase document: its phases and its escalations.


-- The CTEs up to `phases`: throughput, time and cost of each phase; they read `reported` and `stations`.
{% macro phase_sums(keys) -%}
{%- set by = keys | join(', ') -%}
exits as (

    {{ exits(keys) }}

),

issue_exits as (

    select
        {{ by }},
        station,
        issue_id,
        sum(duration_us) as duration_us
    from exits
    group by {{ by }}, station, issue_id
    having max(case when ending = 'forward' then 1 else 0 end) = 1

),

phase_exits as (

    select
        {{ by }},
        station,
        count(*) as throughput,
        sum(duration_us) as total_duration_us,
        {{ percentiles_of('duration_us') }} as duration_us_percentiles
    from issue_exits
    group by {{ by }}, station

),

runs as (

    {{ runs_in_window(keys + ['station', 'cost_usd']) }}

),

phase_runs as (

    select {{ by }}, station, sum(cost_usd) as cost_usd
    from runs
    group by {{ by }}, station

),

phases as (

    select
        {{ columns_of('reported', keys) }},
        stations.station,
        stations.station_position,
        coalesce(phase_exits.throughput, 0) as throughput,
        coalesce(phase_exits.total_duration_us, 0) as total_duration_us,
        phase_exits.duration_us_percentiles,
        coalesce(phase_runs.cost_usd, 0) as cost_usd
    from reported
    cross join stations
    left join phase_exits
        on {{ matching('reported', 'phase_exits', keys) }}
        and stations.station = phase_exits.station
    left join phase_runs
        on {{ matching('reported', 'phase_runs', keys) }}
        and stations.station = phase_runs.station

),
{%- endmacro %}


-- The list of phases; reads the CTE `phases`.
{% macro phase_lists(keys) -%}
    select
        {{ keys | join(', ') }},
        {{ ordered_list(
            make_struct({
                'phase': 'station',
                'avg_cycle_time_ms': round_ratio('total_duration_us', '(1000 * throughput)', 0),
                'avg_cost_usd': round_ratio(billionths('cost_usd'), '(1000000000 * throughput)', 4),
                'throughput': 'throughput',
            }),
            'station_position'
        ) }} as phases,
        {{ ordered_list(
            make_struct({
                'phase': 'station',
                'avg_cycle_time_ms': ratio('total_duration_us', '(1000 * throughput)'),
                'avg_cost_usd': ratio('cost_usd', 'throughput'),
                'total_cost': 'cost_usd',
            }),
            'station_position'
        ) }} as phases_unrounded,
        {{ ordered_list('duration_us_percentiles', 'station_position') }} as phases_us_percentiles
    from phases
    group by {{ keys | join(', ') }}
{%- endmacro %}


-- The CTEs `issues` and `escalations`, with those before them: how the completed issues were escalated.
{% macro escalations(keys) -%}
{%- set by = keys | join(', ') -%}
completed_issues as (

    {{ completed_issues(keys, ['escalation_strategy']) }}

),

strategies as (

    select
        {{ by }},
        escalation_strategy,
        count(*) as issues
    from completed_issues
    group by {{ by }}, escalation_strategy

),

issues as (

    select {{ by }}, cast(sum(issues) as bigint) as total_completed
    from strategies
    group by {{ by }}

),

escalations as (

    select
        {{ columns_of('strategies', keys) }},
        {{ ordered_list(
            make_struct({
                'strategy': 'strategies.escalation_strategy',
                'count': 'strategies.issues',
                'percentage': percentage('strategies.issues', 'issues.total_completed'),
            }),
            'strategies.escalation_strategy'
        ) }} as escalation_distribution
    from strategies
    inner join issues on {{ matching('strategies', 'issues', keys) }}
    group by {{ columns_of('strategies', keys) }}

),
{%- endmacro %}
