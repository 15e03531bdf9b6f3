{{ config(
    unique_key=row_key(['org_id', 'event_id']),
    meta={
        'follows': 'int_incidents',
        'changed_key': row_key(['org_id', 'event_id']),
        'changed_where': "event_type = 'deployment.finished'",
    }
) }}
{% set changed = changed_events_of(
    'org_id', "event_type in ('deployment.finished', 'incident.opened', 'incident.resolved')"
) %}
{% set in_changed_orgs = in_orgs_of(changed) %}

with

rollbacks as (

    select
        *,
        rollback_of is null as rolls_back_the_one_before
    from {{ ref('int_deployments') }}
    where
        is_rollback
        and status = 'success'
        and {{ in_changed_orgs }}

),

named_rollbacks as (

    select
        org_id,
        rollback_of,
        min(deployed_at) as rolled_back_at
    from rollbacks
    where not rolls_back_the_one_before
    group by org_id, rollback_of

),

-- An incident that names a deployment is linked to it; any other is linked to one change.
incidents as (

    select
        org_id,
        opened_at,
        change_event_id,
        case when change_event_id is null then deployment_id end as named_deployment_id
    from {{ ref('int_incidents') }}
    where
        opened_at is not null
        and {{ in_changed_orgs }}

),

naming_incidents as (

    select
        org_id,
        named_deployment_id,
        min(opened_at) as opened_at
    from incidents
    group by org_id, named_deployment_id

),

following_incidents as (

    select
        org_id,
        change_event_id,
        min(opened_at) as opened_at
    from incidents
    group by org_id, change_event_id

),

changes as (

    select * from {{ ref('int_deployments') }}
    where
        is_change
        and {{ in_changed_orgs }}

),

joined as (

    select
        changes.*,
        {{ earlier('naming_incidents.opened_at', 'following_incidents.opened_at') }} as first_incident_at,
        {{ earlier('named_rollbacks.rolled_back_at', 'next_rollbacks.deployed_at') }} as rolled_back_at
    from changes
    left join naming_incidents
        on changes.org_id = naming_incidents.org_id
        and changes.deployment_id = naming_incidents.named_deployment_id
    left join following_incidents
        on changes.org_id = following_incidents.org_id
        and changes.event_id = following_incidents.change_event_id
    left join named_rollbacks
        on changes.org_id = named_rollbacks.org_id
        and changes.deployment_id = named_rollbacks.rollback_of
    left join rollbacks as next_rollbacks
        on changes.org_id = next_rollbacks.org_id
        and changes.superseded_by_event_id = next_rollbacks.event_id
        and next_rollbacks.rolls_back_the_one_before

),

final as (

    select
        -- ids
        event_id,
        deployment_id,
        org_id,
        project_id,

        -- numerics
        lead_time_us,

        -- timestamps
        deployed_at,
        first_incident_at,
        rolled_back_at,
        {{ earlier('first_incident_at', 'rolled_back_at') }} as failed_at
    from joined

){% if changed is not none %},

-- What neither fails nor failed before is as it was, unless it is new.
concerned as (

    select * from final
    where
        failed_at is not null
        or {{ row_key(['org_id', 'event_id']) }} in (
            {{ changed_events() }}
            union
            select {{ row_key(['org_id', 'event_id']) }} from {{ this }} where failed_at is not null
        )

)
{%- endif %}

-- By time, so that a window reads only its part.
{{ rows_that_differ('final' if changed is none else 'concerned', changed_events()) }}
order by deployed_at
