{{ config(
    unique_key='part_id',
    meta={'follows': 'landed_parts'},
    pre_hook=[
        "{{ insert_reclassified(event_keys(), event_rules()) }}",
        "{{ delete_reclassified() }}",
    ]
) }}

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
        coalesce({{ null_if_blank('org_id') }}, {{ default_org() }}) as org_id,
        {{ null_if_blank('org_id') }} is not null as has_org,
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
            {% for type, key in station_keys().items() -%}
            when event_type = '{{ type }}' then {{ station_name(json_text('payload', key)) }}
            {% endfor -%}
        end as station_name
    from typed

),

located as (

    {{ with_station('keyed') }}

),

checked as (

    select
        *,
        {{ event_rules() }} as rejected_rule
    from located

),

delivered as (

    select
        -- ids
        {% for name, columns in event_keys().items() -%}
        {{ hash_key(columns) }} as {{ name }},
        {% endfor -%}
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
        station_name,
        station,
        payload,

        -- booleans
        has_org,

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
