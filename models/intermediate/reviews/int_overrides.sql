{{ config(
    unique_key='event_key',
    meta={'follows': 'redelivered_events', 'changed_key': 'event_key', 'changed_where': "event_type = 'human.override'"}
) }}
{% set changed = changed_events() %}

with

final as (

    select
        -- ids
        event_key,
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
    from {{ changed_events_to_compute("event_type = 'human.override'", changed) }}

)

select * from final
