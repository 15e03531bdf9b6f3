-- Cycle time, cost and throughput of each org's phases, its rework and its escalations over the window.
{% macro phase_metrics(days, periods_ago=0, keys=['org_id'], percentiles=false) -%}
{%- set by = keys | join(', ') -%}
with

{{ window_and_groups(days, periods_ago, keys) }}

stations as (

    {{ station_rows() }}

),

{{ phase_sums(keys) }}

phase_lists as (

    {{ phase_lists(keys) }}

),

transitions as (

    {{ outcomes(keys + ['event_type']) }}

),

reworks as (

    select {{ by }}, count(*) as total_reworks
    from transitions
    where event_type = 'work-item.rework'
    group by {{ by }}

),

{{ escalations(keys) }}

joined as (

    select
        reported.*,
        phase_lists.phases,
        phase_lists.phases_unrounded,
        phase_lists.phases_us_percentiles,
        coalesce(reworks.total_reworks, 0) as total_reworks,
        coalesce(issues.total_completed, 0) as total_completed,
        {{ list_or_empty('escalations.escalation_distribution') }} as escalation_distribution
    from reported
    inner join phase_lists on {{ matching('reported', 'phase_lists', keys) }}
    left join reworks on {{ matching('reported', 'reworks', keys) }}
    left join issues on {{ matching('reported', 'issues', keys) }}
    left join escalations on {{ matching('reported', 'escalations', keys) }}

),

final as (

    select
        -- keys and window
        {{ by }},
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
        {%- if percentiles %},
        phases_us_percentiles
        {%- endif %}
    from joined

)

-- Readers of documents take orgs in this order, a few at a time.
select * from final
order by {{ by }}
{%- endmacro %}
