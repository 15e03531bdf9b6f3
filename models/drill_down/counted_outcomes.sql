with

reporting_window as (

    {{ reporting_windows() }}

),

outcomes as (

    {{ outcomes([
        'org_id', 'project_id', 'event_id', 'issue_id', 'session_id', 'event_type', 'station_before', 'station_after',
        'occurred_at',
    ], ['time_range']) }}

),

sessions as (

    {{ session_providers(['time_range']) }}

),

-- A provider without a run in the window has no row in the mart.
reported_providers as (

    select distinct
        org_id,
        time_range,
        provider
    from ({{ runs_in_window(['org_id', 'provider'], ['time_range']) }}) as runs

),

final as (

    select
        -- ids
        outcomes.org_id,
        outcomes.time_range,
        outcomes.event_id,
        outcomes.issue_id,
        outcomes.project_id,
        outcomes.session_id,

        -- text
        case
            when outcomes.event_type = 'work-item.completed' then 'completed'
            else 'rework'
        end as outcome,
        outcomes.station_before,
        outcomes.station_after,
        sessions.provider,

        -- booleans
        outcomes.event_type = 'work-item.rework' as counts_in_total_reworks,
        reported_providers.provider is not null as counts_in_success_rate,

        -- timestamps
        outcomes.occurred_at
    from outcomes
    left join sessions
        on outcomes.org_id = sessions.org_id
        and outcomes.time_range = sessions.time_range
        and outcomes.session_id = sessions.session_id
    left join reported_providers
        on sessions.org_id = reported_providers.org_id
        and sessions.time_range = reported_providers.time_range
        and sessions.provider = reported_providers.provider

)

select * from final
