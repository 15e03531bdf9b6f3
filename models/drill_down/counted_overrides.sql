with

reporting_window as (

    {{ reporting_windows() }}

),

overrides as (

    {{ in_window(ref('int_overrides'), 'overridden_at', [
        'org_id', 'project_id', 'event_id', 'issue_id', 'session_id', 'overridden_session_id', 'actor_id', 'reason',
        'new_outcome', 'overridden_at',
    ], ['time_range']) }}

),

final as (

    select
        -- ids
        org_id,
        time_range,
        event_id,
        issue_id,
        project_id,
        session_id,
        overridden_session_id,
        actor_id,

        -- text
        reason,
        new_outcome,

        -- timestamps
        overridden_at,
        cast(overridden_at as date) as overridden_on
    from overrides

)

select * from final
