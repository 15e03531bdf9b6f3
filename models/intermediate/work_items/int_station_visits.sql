{{ config(
    unique_key='subject_key',
    meta={
        'follows': 'int_work_item_transitions',
        'changed_key': "subject_key",
        'changed_where': "event_type like 'work-item.%'",
    }
) }}
{% set changed = changed_events() %}

with

changes as (

    select * from {{ transitions_to_compute(changed) }}
    where changes_station

),

paired as (

    select
        *,
        lead(occurred_at) over (partition by org_id, issue_id order by occurred_at, event_id) as left_at,
        lead(event_type) over (partition by org_id, issue_id order by occurred_at, event_id) as left_by
    from changes

),

final as (

    select
        -- ids
        subject_key,
        event_id as entry_event_id,
        org_id,
        project_id,
        issue_id,

        -- text
        station_after as station,
        case
            when left_by in ('work-item.handoff', 'work-item.completed') then 'forward'
            when left_by = 'work-item.rework' then 'rework'
            when left_by is not null then 'restarted'
        end as ending,

        -- numerics
        {{ microseconds_between('occurred_at', 'left_at') }} as duration_us,

        -- timestamps
        occurred_at as entered_at,
        left_at
    from paired
    where station_after is not null

)

-- By time, so that a window reads only its part.
select * from final
order by left_at
