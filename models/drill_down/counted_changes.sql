with

reporting_window as (

    {{ reporting_windows() }}

),

changes as (

    {{ changes_of_window([
        'org_id', 'project_id', 'event_id', 'deployment_id', 'lead_time_us', 'deployed_at', 'first_incident_at',
        'rolled_back_at',
    ], ['time_range']) }}

),

final as (

    select
        -- ids
        org_id,
        time_range,
        event_id,
        deployment_id,
        project_id,

        -- numerics
        lead_time_us,

        -- booleans
        has_failed,
        lead_time_us is not null as counts_in_lead_time,

        -- timestamps
        deployed_at,
        case when first_incident_at <= as_of then first_incident_at end as first_incident_at,
        case when rolled_back_at <= as_of then rolled_back_at end as rolled_back_at
    from changes

)

select * from final
