{{ config(
    unique_key='subject_key',
    meta={
        'follows': 'redelivered_events',
        'changed_key': 'subject_key',
        'changed_where': "event_type in ('pipeline.started', 'pipeline.finished')",
    }
) }}
{% set changed = changed_events() %}

with

-- Without payloads, which would be sorted along.
pipeline_events as (

    select
        subject_key,
        event_id,
        org_id,
        project_id,
        subject_id,
        event_type,
        occurred_at,
        {{ json_text('payload', 'name') }} as pipeline_name,
        {{ json_text('payload', 'trigger') }} as trigger_kind,
        {{ json_text('payload', 'branch') }} as branch,
        {{ json_text('payload', 'commit') }} as commit_sha,
        {{ json_text('payload', 'status') }} as final_status
    from {{ events_to_compute("event_type in ('pipeline.started', 'pipeline.finished')", 'subject_key', changed) }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by org_id, subject_id, event_type order by occurred_at, event_id
        ) as occurrence
    from pipeline_events

),

started as (

    select * from numbered
    where event_type = 'pipeline.started' and occurrence = 1

),

finished as (

    select * from numbered
    where event_type = 'pipeline.finished' and occurrence = 1

),

final as (

    select
        -- ids
        started.subject_key,
        started.subject_id as pipeline_id,
        started.org_id,
        started.project_id,

        -- text
        started.pipeline_name,
        started.trigger_kind,
        started.branch,
        started.commit_sha,
        finished.final_status,

        -- timestamps
        started.occurred_at as started_at,
        finished.occurred_at as finished_at
    from started
    left join finished
        on started.org_id = finished.org_id
        and started.subject_id = finished.subject_id

)

-- By time, so that a window reads only its part.
select * from final
order by started_at
