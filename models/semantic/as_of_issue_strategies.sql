with

completions as (

    select * from {{ ref('as_of_completions') }}

),

strategies as (

    select distinct
        org_id,
        escalation_strategy
    from completions

),

final as (

    select
        -- ids
        completions.event_id,
        completions.org_id,
        completions.project_id,
        completions.issue,

        -- text
        strategies.escalation_strategy,

        -- booleans
        completions.escalation_strategy = strategies.escalation_strategy as is_escalated_so,

        -- timestamps
        completions.completed_at
    from completions
    inner join strategies on completions.org_id = strategies.org_id

)

select * from final
