with

final as (

    select
        -- ids
        completions.event_id,
        completions.org_id,
        completions.project_id,
        {{ make_struct({'org_id': 'completions.org_id', 'issue_id': 'completions.issue_id'}) }} as issue,

        -- text
        completions.result,
        completions.escalation_strategy,

        -- numerics
        completions.cycle_time_us,

        -- booleans
        completions.is_first_pass,

        -- timestamps
        completions.completed_at
    from {{ ref('int_issue_completions') }} as completions
    cross join {{ ref('clock') }} as clock
    where
        completions.completed_at <= clock.as_of
        and (completions.superseded_at is null or completions.superseded_at > clock.as_of)

)

select * from final
