{% set opened_or_resolved = "event_type in ('incident.opened', 'incident.resolved')" %}
{{ config(
    unique_key=row_key(['org_id', 'incident_id']),
    meta={
        'follows': 'int_deployments',
        'changed_key': row_key(['org_id', 'subject_id']),
        'changed_where': opened_or_resolved,
    }
) }}
{% set changed = changed_events_of('org_id, project_id, occurred_at', "event_type = 'deployment.finished'") %}
{% set changed_incidents = changed_events() %}
{% set order = ['happened_at', 'is_change', 'id'] %}

with

{% if changed is not none -%}
-- When the first new deployment of each project finished. It concerns the incidents that were opened after it.
deployed_projects as (

    select
        org_id,
        project_id,
        min(occurred_at) as deployed_from
    from ({{ changed }}) as deployments
    group by org_id, project_id

),

{% endif -%}
incident_events as (

    select
        *,
        row_number() over (
            partition by org_id, subject_id, event_type order by occurred_at, event_id
        ) as occurrence
    from {{ events_to_compute(opened_or_resolved, 'subject_key', changed_events_of('subject_key')) }}
    -- an incident of another org may have an equal number
    where {{ is_changed(row_key(['org_id', 'subject_id']), changed_incidents) }}

),

opened as (

    select
        *,
        {{ null_if_blank(json_text('payload', 'deploymentId')) }} as named_deployment_id
    from incident_events
    where event_type = 'incident.opened' and occurrence = 1

),

resolved as (

    select * from incident_events
    where event_type = 'incident.resolved' and occurrence = 1

),

incidents as (

    select
        coalesce(opened.subject_id, resolved.subject_id) as incident_id,
        coalesce(opened.org_id, resolved.org_id) as org_id,
        opened.project_id,
        opened.named_deployment_id,
        {{ json_text('opened.payload', 'title') }} as title,
        {{ json_text('opened.payload', 'severity') }} as severity,
        opened.occurred_at as opened_at,
        resolved.occurred_at as resolved_at
    from opened
    full outer join resolved
        on opened.org_id = resolved.org_id
        and opened.subject_id = resolved.subject_id

    {% if changed is not none -%}
    union all

    select
        known.incident_id,
        known.org_id,
        known.project_id,
        case when known.change_event_id is null then known.deployment_id end as named_deployment_id,
        known.title,
        known.severity,
        known.opened_at,
        known.resolved_at
    from {{ this }} as known
    inner join deployed_projects
        on {{ matching('known', 'deployed_projects', ['org_id', 'project_id']) }}
        and known.opened_at >= deployed_projects.deployed_from
    where {{ row_key(['known.org_id', 'known.incident_id']) }} not in ({{ changed_incidents }})
    {%- endif %}

),

{% if changed is not none -%}
first_incidents as (

    select
        org_id,
        project_id,
        min(opened_at) as opened_at
    from incidents
    where opened_at is not null
    group by org_id, project_id

),

-- The last change before the first of these incidents: those before it are the latest for none.
first_changes as (

    select
        deployments.org_id,
        deployments.project_id,
        coalesce(
            max(case when deployments.deployed_at < first_incidents.opened_at then deployments.deployed_at end),
            min(deployments.deployed_at)
        ) as deployed_at
    from {{ ref('int_deployments') }} as deployments
    inner join first_incidents
        on {{ matching('deployments', 'first_incidents', ['org_id', 'project_id']) }}
    where deployments.is_change
    group by deployments.org_id, deployments.project_id

),

{% endif -%}
changes as (

    select
        deployments.org_id,
        deployments.project_id,
        deployments.event_id,
        deployments.deployment_id,
        deployments.deployed_at
    from {{ ref('int_deployments') }} as deployments
    {%- if changed is not none %}
    inner join first_changes
        on {{ matching('deployments', 'first_changes', ['org_id', 'project_id']) }}
        and deployments.deployed_at >= first_changes.deployed_at
    {%- endif %}
    where deployments.is_change

),

-- Changes and openings of a project on one line of time: a change of the same instant comes after the opening.
timeline as (

    select
        org_id,
        project_id,
        opened_at as happened_at,
        incident_id as id,
        null as deployment_id,
        0 as is_change
    from incidents
    where opened_at is not null

    union all

    select
        org_id,
        project_id,
        deployed_at as happened_at,
        event_id as id,
        deployment_id,
        1 as is_change
    from changes

),

looked_back as (

    select
        *,
        {{ latest_value('case when is_change = 1 then id end', ['org_id', 'project_id'], order) }} as change_event_id,
        {{ latest_value('deployment_id', ['org_id', 'project_id'], order) }} as change_deployment_id
    from timeline

),

latest_changes as (

    select
        org_id,
        id as incident_id,
        change_event_id,
        change_deployment_id as deployment_id
    from looked_back
    where is_change = 0

),

final as (

    select
        -- ids
        incidents.incident_id,
        incidents.org_id,
        incidents.project_id,
        coalesce(incidents.named_deployment_id, latest_changes.deployment_id) as deployment_id,
        case when incidents.named_deployment_id is null then latest_changes.change_event_id end as change_event_id,

        -- text
        incidents.title,
        incidents.severity,

        -- timestamps
        incidents.opened_at,
        incidents.resolved_at
    from incidents
    left join latest_changes
        on incidents.org_id = latest_changes.org_id
        and incidents.incident_id = latest_changes.incident_id

)

{{ rows_that_differ('final', changed_incidents) }}
