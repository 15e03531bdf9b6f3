{{ config(
    unique_key='event_key',
    meta={
        'follows': 'redelivered_events',
        'changed_key': 'event_key',
        'changed_where': "event_type = 'deployment.finished'",
    }
) }}
{% set changed = changed_events() %}

with

{% if changed is not none -%}
-- When the first change of each project happened. It concerns the deployments after it, and the last one before.
changed_projects as (

    select
        org_id,
        project_id,
        min(occurred_at) as changed_from
    from ({{ changed_events_of('org_id, project_id, occurred_at') }}) as changes
    group by org_id, project_id

),

concerned as (

    select known.*
    from {{ this }} as known
    inner join changed_projects
        on {{ matching('known', 'changed_projects', ['org_id', 'project_id']) }}
    where
        (known.superseded_at is null or known.superseded_at >= changed_projects.changed_from)
        and known.event_key not in ({{ changed }})

),

{% endif -%}
deployments as (

    select
        *,
        {{ json_text('payload', 'environment') }} as environment,
        {{ json_text('payload', 'status') }} as status,
        {{ json_is_true('payload', 'isRollback') }} as is_rollback,
        {{ in_calendar(parse_timestamp(json_text('payload', 'committedAt'))) }} as committed_at
    from {{ changed_events_to_compute("event_type = 'deployment.finished'", changed) }}

),

parsed as (

    select
        event_key,
        event_id,
        subject_id as deployment_id,
        org_id,
        project_id,
        {{ null_if_blank(json_text('payload', 'rollbackOf')) }} as rollback_of,
        environment,
        status,
        {{ json_text('payload', 'version') }} as version,
        {{ json_text('payload', 'commit') }} as commit_sha,
        {{ json_text('payload', 'deployedBy') }} as deployed_by,
        case
            when committed_at <= occurred_at
                then {{ microseconds_between('committed_at', 'occurred_at') }}
        end as lead_time_us,
        is_rollback,
        coalesce(environment = 'production' and status = 'success' and not is_rollback, false) as is_change,
        committed_at,
        occurred_at as deployed_at
    from deployments

    {% if changed is not none -%}
    union all

    select
        event_key,
        event_id,
        deployment_id,
        org_id,
        project_id,
        rollback_of,
        environment,
        status,
        version,
        commit_sha,
        deployed_by,
        lead_time_us,
        is_rollback,
        is_change,
        committed_at,
        deployed_at
    from concerned
    {%- endif %}

),

final as (

    select
        -- ids
        event_key,
        event_id,
        deployment_id,
        org_id,
        project_id,
        rollback_of,

        -- text
        environment,
        status,
        version,
        commit_sha,
        deployed_by,

        -- numerics
        lead_time_us,

        -- booleans
        is_rollback,
        is_change,

        -- timestamps
        committed_at,
        deployed_at,
        lead(deployed_at) over (
            partition by org_id, project_id, environment order by deployed_at, event_id
        ) as superseded_at,

        -- what came next
        lead(event_id) over (
            partition by org_id, project_id, environment order by deployed_at, event_id
        ) as superseded_by_event_id
    from parsed

)

-- By time, so that a window reads only its part.
select * from final
order by deployed_at
