with

final as (

    select
        -- ids
        deployments.event_id,
        deployments.deployment_id,
        deployments.org_id,
        deployments.project_id,

        -- text
        deployments.environment,
        deployments.status,
        deployments.deployed_by,

        -- numerics
        changes.lead_time_us,

        -- booleans
        deployments.is_rollback,
        deployments.is_change,
        coalesce(changes.failed_at <= clock.as_of, false) as is_failed_change,
        deployments.superseded_at is null or deployments.superseded_at > clock.as_of as is_current,

        -- timestamps
        deployments.deployed_at,
        clock.as_of
    from {{ ref('int_deployments') }} as deployments
    cross join {{ ref('clock') }} as clock
    left join {{ ref('int_changes') }} as changes
        on deployments.org_id = changes.org_id
        and deployments.event_id = changes.event_id
    where deployments.deployed_at <= clock.as_of

)

select * from final
