with

clock as (

    select * from {{ ref('clock') }}

),

-- The provider of a session is the provider of its latest run.
sessions as (

    select
        runs.org_id,
        runs.session_id,
        runs.provider
    from {{ ref('int_runs') }} as runs
    cross join clock
    where
        {{ counts_at('runs', 'clock.as_of') }}
        and (runs.superseded_at is null or runs.superseded_at > clock.as_of)

),

final as (

    select
        -- ids
        transitions.event_id,
        transitions.org_id,
        transitions.project_id,

        -- text
        transitions.event_type,
        sessions.provider,

        -- timestamps
        transitions.occurred_at
    from {{ ref('int_work_item_transitions') }} as transitions
    cross join clock
    left join sessions
        on transitions.org_id = sessions.org_id
        and transitions.session_id = sessions.session_id
    where transitions.occurred_at <= clock.as_of

)

select * from final
