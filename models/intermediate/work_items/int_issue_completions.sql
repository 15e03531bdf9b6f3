{{ config(
    unique_key='subject_key',
    meta={
        'follows': 'int_work_item_transitions',
        'changed_key': "subject_key",
        'changed_where': "event_type like 'work-item.%'",
    }
) }}
{% set changed = changed_events() %}
{% set transitions = transitions_to_compute(changed) %}

with

issues as (

    select
        org_id,
        issue_id,
        min(occurred_at) as first_event_at,
        min(case when event_type = 'work-item.rework' then occurred_at end) as first_rework_at
    from {{ transitions }}
    group by org_id, issue_id

),

completions as (

    select * from {{ transitions }}
    where event_type = 'work-item.completed'

),

final as (

    select
        -- ids
        completions.subject_key,
        completions.event_id,
        completions.org_id,
        completions.project_id,
        completions.issue_id,

        -- text
        completions.result,
        coalesce(completions.escalation_strategy, 'none') as escalation_strategy,

        -- numerics
        {{ microseconds_between('issues.first_event_at', 'completions.occurred_at') }} as cycle_time_us,

        -- booleans
        coalesce(issues.first_rework_at > completions.occurred_at, true) as is_first_pass,

        -- timestamps
        issues.first_event_at,
        completions.occurred_at as completed_at,
        lead(completions.occurred_at) over (
            partition by completions.org_id, completions.issue_id
            order by completions.occurred_at, completions.event_id
        ) as superseded_at
    from completions
    inner join issues
        on completions.org_id = issues.org_id
        and completions.issue_id = issues.issue_id

)

-- By time, so that a window reads only its part.
select * from final
order by completed_at
