with

final as (

    select
        -- ids
        event_id,
        org_id,
        project_id,
        issue_id,
        session_id,
        {{ json_text('payload', 'overriddenSessionId') }} as overridden_session_id,
        actor_id,

        -- text
        {{ json_text('payload', 'reason') }} as reason,
        {{ json_text('payload', 'newOutcome') }} as new_outcome,

        -- timestamps
        occurred_at as overridden_at
    from {{ ref('stg_events') }}
    where event_type = 'human.override'

)

select * from final
