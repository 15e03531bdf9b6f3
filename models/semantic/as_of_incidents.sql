with

-- What the as-of knows of each incident: an opening or a resolution after it does not exist.
incidents as (

    select
        incidents.incident_id,
        incidents.org_id,
        clock.as_of,
        case when incidents.opened_at <= clock.as_of then incidents.project_id end as project_id,
        case when incidents.opened_at <= clock.as_of then incidents.severity end as severity,
        case when incidents.opened_at <= clock.as_of then incidents.opened_at end as opened_at,
        case when incidents.resolved_at <= clock.as_of then incidents.resolved_at end as resolved_at
    from {{ ref('int_incidents') }} as incidents
    cross join {{ ref('clock') }} as clock

),

final as (

    select
        -- ids
        incident_id,
        org_id,
        project_id,

        -- text
        severity,
        case when resolved_at is null then 'open' else 'resolved' end as status,

        -- numerics
        case
            when opened_at <= resolved_at then {{ microseconds_between('opened_at', 'resolved_at') }}
        end as recovery_time_us,

        -- timestamps
        opened_at,
        resolved_at,
        -- A window lists an incident that was opened or resolved in it, or is open at its end.
        case
            when resolved_at is null then as_of
            when opened_at > resolved_at then opened_at
            else resolved_at
        end as last_active_at,
        as_of
    from incidents
    where opened_at is not null or resolved_at is not null

)

select * from final
