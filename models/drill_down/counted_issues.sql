with

reporting_window as (

    {{ reporting_windows() }}

),

issues as (

    {{ completed_issues(['org_id'], [
        'event_id', 'project_id', 'issue_id', 'result', 'escalation_strategy', 'cycle_time_us', 'is_first_pass',
        'first_event_at',
    ], ['time_range']) }}

),

final as (

    select
        -- ids
        org_id,
        time_range,
        issue_id,
        event_id,
        project_id,

        -- text
        result,
        escalation_strategy,

        -- numerics
        cycle_time_us,

        -- booleans
        is_first_pass,

        -- timestamps
        first_event_at,
        completed_at
    from issues

)

select * from final
