with

deployments as (

    select
        *,
        {{ json_text('payload', 'environment') }} as environment,
        {{ json_text('payload', 'status') }} as status,
        {{ json_is_true('payload', 'isRollback') }} as is_rollback,
        {{ parse_timestamp(json_text('payload', 'committedAt')) }} as committed_at
    from {{ ref('stg_events') }}
    where event_type = 'deployment.finished'

),

final as (

    select
        -- ids
        event_id,
        subject_id as deployment_id,
        org_id,
        project_id,
        {{ null_if_blank(json_text('payload', 'rollbackOf')) }} as rollback_of,

        -- text
        environment,
        status,
        {{ json_text('payload', 'version') }} as version,
        {{ json_text('payload', 'commit') }} as commit_sha,
        {{ json_text('payload', 'deployedBy') }} as deployed_by,

        -- numerics
        case
            when committed_at <= occurred_at
                then {{ dbt.datediff('committed_at', 'occurred_at', 'microsecond') }}
        end as lead_time_us,

        -- booleans
        is_rollback,
        coalesce(environment = 'production' and status = 'success' and not is_rollback, false) as is_change,

        -- timestamps
        committed_at,
        occurred_at as deployed_at,
        lead(occurred_at) over (
            partition by org_id, project_id, environment order by occurred_at, event_id
        ) as superseded_at
    from deployments

)

select * from final
