with

reporting_window as (

    {{ reporting_windows() }}

),

incidents as (

    {{ incidents_of_window(['org_id'], ['time_range'], ['project_id']) }}

),

outages as (

    {{ outages(['org_id']) }}

),

final as (

    select
        -- ids
        incidents.org_id,
        incidents.time_range,
        incidents.incident_id,
        incidents.deployment_id,
        incidents.project_id,

        -- text
        incidents.title,
        incidents.severity,

        -- numerics
        case
            when incidents.is_recovered
                then {{ microseconds_between('incidents.opened_at', 'incidents.resolved_at') }}
        end as recovery_us,
        coalesce(outages.downtime_us, 0) as downtime_us,
        incidents.list_position,

        -- booleans
        incidents.list_position <= {{ var('list_limit') }} as counts_in_incidents,
        incidents.is_open as counts_in_open_incidents,
        incidents.is_recovered as counts_in_recovery_time,
        outages.incident_id is not null as counts_in_uptime,

        -- timestamps
        incidents.opened_at,
        incidents.resolved_at
    from incidents
    left join outages
        on incidents.org_id = outages.org_id
        and incidents.window_start = outages.window_start
        and incidents.incident_id = outages.incident_id

)

select * from final
