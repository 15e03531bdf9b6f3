-- Cycle time, cost and throughput of each org's phases, its rework and its escalations over the window.
{% macro phase_metrics(days) -%}
with

reporting_window as (

    {{ reporting_window(days) }}

),

orgs as (

    {{ reported_orgs() }}

),

stations as (

    {{ station_rows() }}

),

exits as (

    {{ exits() }}

),

issue_exits as (

    select
        org_id,
        station,
        issue_id,
        sum(duration_us) as duration_us
    from exits
    group by org_id, station, issue_id
    having max(case when ending = 'forward' then 1 else 0 end) = 1

),

phase_exits as (

    select
        org_id,
        station,
        count(*) as throughput,
        sum(duration_us) as total_duration_us
    from issue_exits
    group by org_id, station

),

runs as (

    {{ in_window(ref('int_runs'), 'recorded_at', ['org_id', 'station', 'cost_usd']) }}

),

phase_runs as (

    select org_id, station, sum(cost_usd) as cost_usd
    from runs
    group by org_id, station

),

phases as (

    select
        orgs.org_id,
        stations.station,
        stations.station_position,
        coalesce(phase_exits.throughput, 0) as throughput,
        coalesce(phase_exits.total_duration_us, 0) as total_duration_us,
        coalesce(phase_runs.cost_usd, 0) as cost_usd
    from orgs
    cross join stations
    left join phase_exits
        on orgs.org_id = phase_exits.org_id
        and stations.station = phase_exits.station
    left join phase_runs
        on orgs.org_id = phase_runs.org_id
        and stations.station = phase_runs.station

),

phase_lists as (

    select
        org_id,
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
        ) }} as phases_unrounded
    from phases
    group by org_id

),

transitions as (

    {{ in_window(ref('int_work_item_transitions'), 'occurred_at', ['org_id', 'event_type']) }}

),

reworks as (

    select org_id, count(*) as total_reworks
    from transitions
    where event_type = 'work-item.rework'
    group by org_id

),

completed_issues as (

    {{ completed_issues() }}

),

strategies as (

    select
        org_id,
        escalation_strategy,
        count(*) as issues
    from completed_issues
    group by org_id, escalation_strategy

),

issues as (

    select org_id, cast(sum(issues) as bigint) as total_completed
    from strategies
    group by org_id

),

escalations as (

    select
        strategies.org_id,
        {{ ordered_list(
            make_struct({
                'strategy': 'strategies.escalation_strategy',
                'count': 'strategies.issues',
                'percentage': percentage('strategies.issues', 'issues.total_completed'),
            }),
            'strategies.escalation_strategy'
        ) }} as escalation_distribution
    from strategies
    inner join issues on strategies.org_id = issues.org_id
    group by strategies.org_id

),

joined as (

    select
        orgs.*,
        phase_lists.phases,
        phase_lists.phases_unrounded,
        coalesce(reworks.total_reworks, 0) as total_reworks,
        coalesce(issues.total_completed, 0) as total_completed,
        {{ list_or_empty('escalations.escalation_distribution') }} as escalation_distribution
    from orgs
    inner join phase_lists on orgs.org_id = phase_lists.org_id
    left join reworks on orgs.org_id = reworks.org_id
    left join issues on orgs.org_id = issues.org_id
    left join escalations on orgs.org_id = escalations.org_id

),

final as (

    select
        -- keys and window
        org_id,
        as_of,
        window_start,

        -- the document
        phases,
        {{ round_ratio('(total_completed + total_reworks)', 'total_completed', 2) }} as avg_cycles_per_issue,
        total_reworks,
        total_completed,
        escalation_distribution,

        -- unrounded values
        phases_unrounded,
        {{ ratio('(total_completed + total_reworks)', 'total_completed') }} as avg_cycles_per_issue_unrounded
    from joined

)

-- Readers of documents take orgs in this order, a few at a time.
select * from final
order by org_id
{%- endmacro %}
