-- Success rate, cost, duration and cost efficiency of each org's providers over the window.
{% macro provider_metrics(days) -%}
with

reporting_window as (

    {{ reporting_window(days) }}

),

orgs as (

    {{ reported_orgs() }}

),

runs as (

    {{ in_window(ref('int_runs'), 'recorded_at', ['org_id', 'provider', 'cost_usd', 'duration_ms']) }}

),

provider_runs as (

    select
        org_id,
        provider,
        count(*) as total_runs,
        sum(cost_usd) as total_cost_usd,
        sum(duration_ms) as total_duration_ms
    from runs
    group by org_id, provider

),

-- The provider of a session is that of its latest run, which may lie before the window.
sessions as (

    {{ current_rows(ref('int_runs'), 'recorded_at', ['org_id', 'session_id', 'provider']) }}

),

transitions as (

    {{ in_window(ref('int_work_item_transitions'), 'occurred_at', ['org_id', 'session_id', 'event_type']) }}

),

outcomes as (

    select
        sessions.org_id,
        sessions.provider,
        count(case when transitions.event_type = 'work-item.completed' then 1 end) as completed_events,
        count(case when transitions.event_type = 'work-item.rework' then 1 end) as rework_events
    from transitions
    inner join sessions
        on transitions.org_id = sessions.org_id
        and transitions.session_id = sessions.session_id
    where transitions.event_type in ('work-item.completed', 'work-item.rework')
    group by sessions.org_id, sessions.provider

),

joined as (

    select
        orgs.*,
        provider_runs.provider,
        provider_runs.total_runs,
        provider_runs.total_cost_usd,
        provider_runs.total_duration_ms,
        coalesce(outcomes.completed_events, 0) as completed_events,
        coalesce(outcomes.rework_events, 0) as rework_events
    from orgs
    inner join provider_runs on orgs.org_id = provider_runs.org_id
    left join outcomes
        on provider_runs.org_id = outcomes.org_id
        and provider_runs.provider = outcomes.provider

),

final as (

    select
        -- keys and window
        org_id,
        provider,
        cast(row_number() over (partition by org_id order by total_runs desc, provider) as integer)
            as provider_position,
        as_of,
        window_start,

        -- the document
        {{ percentage('completed_events', '(completed_events + rework_events)') }} as success_rate,
        {{ round_ratio(billionths('total_cost_usd'), '(1000000000 * total_runs)', 4) }} as avg_cost,
        {{ round_ratio(billionths('total_duration_ms'), '(1000000000 * total_runs)', 0) }} as avg_duration_ms,
        total_runs,
        -- success rate over mean cost, as one fraction
        {{ round_ratio(
            'cast(completed_events as decimal(38, 0)) * total_runs * 100000000000',
            '((completed_events + rework_events) * ' ~ billionths('total_cost_usd') ~ ')',
            1
        ) }} as cost_efficiency,

        -- sums and unrounded values
        completed_events,
        rework_events,
        total_cost_usd as total_cost,
        total_duration_ms,
        {{ ratio('100 * completed_events', '(completed_events + rework_events)') }} as success_rate_unrounded,
        {{ ratio('total_cost_usd', 'total_runs') }} as avg_cost_unrounded,
        {{ ratio('total_duration_ms', 'total_runs') }} as avg_duration_ms_unrounded,
        {{ ratio(
            '(100 * completed_events * total_runs)',
            '((completed_events + rework_events) * total_cost_usd)'
        ) }} as cost_efficiency_unrounded
    from joined

)

-- Readers of documents take orgs in this order, a few at a time.
select * from final
order by org_id, provider_position
{%- endmacro %}
