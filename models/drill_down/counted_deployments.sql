{% set columns = [
    'event_id', 'project_id', 'deployment_id', 'version', 'environment', 'status', 'commit_sha', 'deployed_by',
    'is_rollback', 'is_change', 'deployed_at',
] %}

with

reporting_window as (

    {{ reporting_windows() }}

),

listed as (

    {{ deployments_of_window(['org_id'], columns, ['time_range']) }}

),

active as (

    {{ active_deployments(['org_id'] + columns, ['time_range']) }}

),

-- An active deployment may be older than the window.
combined as (

    select
        listed.time_range,
        {% for column in ['org_id'] + columns -%}
        listed.{{ column }},
        {% endfor -%}
        listed.list_position,
        active.event_id is not null as is_active
    from listed
    left join active
        on listed.org_id = active.org_id
        and listed.time_range = active.time_range
        and listed.event_id = active.event_id

    union all

    select
        time_range,
        {% for column in ['org_id'] + columns -%}
        {{ column }},
        {% endfor -%}
        null as list_position,
        true as is_active
    from active
    where deployed_at < window_start

),

final as (

    select
        -- ids
        org_id,
        time_range,
        event_id,
        deployment_id,
        project_id,

        -- text
        version,
        environment,
        status,
        commit_sha,
        deployed_by,

        -- numerics
        list_position,

        -- booleans
        is_rollback,
        is_change,
        list_position is not null and list_position <= {{ var('list_limit') }} as counts_in_deployments,
        is_active as counts_in_active_deployments,

        -- timestamps
        deployed_at
    from combined

)

select * from final
