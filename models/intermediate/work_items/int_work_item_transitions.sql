{{ config(
    unique_key='subject_key',
    meta={
        'follows': 'redelivered_events',
        'changed_key': "subject_key",
        'changed_where': "event_type like 'work-item.%'",
    }
) }}
{% set changed = changed_events() %}

with

-- Events of stg_events. What payloads say is taken out before sorting, which then goes without them.
work_item_events as (

    select
        *,
        case when event_type = 'work-item.completed' then {{ json_text('payload', 'result') }} end as result,
        case
            when event_type = 'work-item.completed' then {{ null_if_blank(json_text('payload', 'escalationStrategy')) }}
        end as escalation_strategy
    from {{ events_to_compute("event_type like 'work-item.%'", 'subject_key', changed) }}

),

-- Where an event leads, there the issue is afterwards: the same station when it changes nothing. One that names no station,
-- and does not complete the issue, moves nothing.
located as (

    select
        *,
        lag(station) over (
            partition by org_id, issue_id, station is not null or event_type = 'work-item.completed'
            order by occurred_at, event_id
        ) as station_before
    from work_item_events

),

final as (

    select
        -- ids
        subject_key,
        event_id,
        org_id,
        project_id,
        issue_id,
        session_id,

        -- text
        event_type,
        station_before,
        station as station_after,
        result,
        escalation_strategy,

        -- booleans
        event_type in ('work-item.rework', 'work-item.completed')
        or coalesce(station != station_before, station is not null) as changes_station,

        -- timestamps
        occurred_at
    from located

)

-- By time, so that a window reads only its part.
select * from final
order by occurred_at
