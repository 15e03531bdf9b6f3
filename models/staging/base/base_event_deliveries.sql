{{ config(unique_key='part_id', meta={'follows': 'landed_parts'}) }}

with

landed as (

    select * from {{ ref('landed_events') }}

),

-- The payload as an object, for it may name what columns do not.
parsed as (

    select
        *,
        {{ json_object_or_empty('payload') }} as content
    from landed

),

typed as (

    select
        {{ null_if_blank('id') }} as event_id,
        {{ null_if_blank('org_id') }} as org_id,
        {{ id_of_row('project_id', 'content', 'projectId') }} as project_id,
        {{ id_of_row('issue_id', 'content', 'issueId') }} as issue_id,
        {{ id_of_row('session_id', 'content', 'sessionId') }} as session_id,
        event_type,
        {{ null_if_blank('actor_type') }} as actor_type,
        {{ null_if_blank('actor_id') }} as actor_id,
        {{ in_calendar('occurred_at') }} as occurred_at,
        {{ in_calendar('ingested_at') }} as ingested_at,
        content as payload,
        is_readable,
        line,
        raw_row,
        origin,
        part_id
    from parsed

),

-- What an event is about, if it is no issue, and the station that it enters are named by a key for each type.
keyed as (

    select
        *,
        case
            when event_type like 'pipeline.%' then {{ null_if_blank(json_text('payload', 'pipelineId')) }}
            when event_type like 'deployment.%' then {{ null_if_blank(json_text('payload', 'deploymentId')) }}
            when event_type like 'incident.%' then {{ null_if_blank(json_text('payload', 'incidentId')) }}
        end as subject_id,
        case
            when event_type = 'work-item.started' then {{ clean_name(json_text('payload', 'stage')) }}
            when event_type in ('work-item.handoff', 'work-item.rework')
                then {{ clean_name(json_text('payload', 'toStage')) }}
        end as station
    from typed

),

checked as (

    select
        *,
        case
            when not is_readable then 'unreadable'
            when event_id is null then 'missing_id'
            when org_id is null then 'missing_org'
            when event_type is null or event_type not in ({{ quoted(event_types()) }}) then 'unknown_event_type'
            when occurred_at is null or ingested_at is null then 'invalid_timestamp'
            when occurred_at > {{ plus_hours('ingested_at', 24) }} then 'future_timestamp'
            when payload is null then 'invalid_payload'
            when issue_id is null and (event_type like 'work-item.%' or event_type like 'human.review-%')
                then 'missing_subject'
            when
                subject_id is null
                and (
                    event_type like 'pipeline.%' or event_type like 'deployment.%' or event_type like 'incident.%'
                )
                then 'missing_subject'
            when event_type in ('work-item.started', 'work-item.handoff', 'work-item.rework')
                and (station is null or station not in ({{ quoted(stations()) }})) then 'unknown_station'
        end as rejected_rule
    from keyed

),

delivered as (

    select
        -- ids
        {{ hash_key(['org_id', 'event_id']) }} as event_key,
        {{ hash_key(['org_id', 'coalesce(subject_id, issue_id)']) }} as subject_key,
        event_id,
        org_id,
        project_id,
        issue_id,
        session_id,
        subject_id,

        -- text
        event_type,
        actor_type,
        actor_id,
        station,
        payload,

        -- timestamps
        occurred_at,
        ingested_at,

        -- how it was delivered
        part_id,
        origin,
        rejected_rule,
        case when rejected_rule is not null then coalesce(line, {{ row_as_json('raw_row') }}) end as record
    from checked

),

{{ delivered_in_batches('delivered', 'factory_events') }}

select * from final
