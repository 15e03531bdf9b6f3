{{ config(
    unique_key='subject_key',
    meta={
        'follows': 'int_work_item_transitions',
        'changed_key': "subject_key",
        'changed_where': "event_type in ('work-item.handoff', 'human.review-started', 'human.review-completed')",
    }
) }}
{% set changed = changed_events() %}

with

-- Without payloads, which would be sorted along.
review_events as (

    select
        subject_key,
        event_id,
        org_id,
        project_id,
        issue_id,
        actor_id,
        event_type,
        occurred_at,
        case
            when event_type = 'human.review-completed' then {{ json_measure('payload', 'duration') }}
        end as stated_duration_ms,
        case
            when event_type = 'human.review-completed' then {{ json_is_true('payload', 'approved') }}
        end as is_approved
    from {{ events_to_compute("event_type in ('human.review-started', 'human.review-completed')", 'subject_key', changed) }}

),

handoffs as (

    select
        org_id,
        issue_id,
        event_type,
        occurred_at
    from {{ transitions_to_compute(changed) }}
    where
        event_type = 'work-item.handoff'
        and subject_key in (select review_events.subject_key from review_events)

),

-- The decisions, and what they may look back to.
issue_events as (

    select * from review_events

    union all

    select
        null as subject_key,
        null as event_id,
        org_id,
        null as project_id,
        issue_id,
        null as actor_id,
        event_type,
        occurred_at,
        null as stated_duration_ms,
        null as is_approved
    from handoffs

),

-- A range, not rows: events of the same instant count as before the decision, whatever their ids.
preceded as (

    select
        *,
        max(case when event_type = 'work-item.handoff' then occurred_at end) over (
            partition by org_id, issue_id order by occurred_at
            range between unbounded preceding and current row
        ) as handed_off_at,
        max(case when event_type = 'human.review-started' then occurred_at end) over (
            partition by org_id, issue_id order by occurred_at
            range between unbounded preceding and current row
        ) as review_started_at
    from issue_events

),

decisions as (

    select * from preceded
    where event_type = 'human.review-completed'

),

final as (

    select
        -- ids
        subject_key,
        event_id,
        org_id,
        project_id,
        issue_id,
        actor_id,

        -- numerics
        cast(coalesce(
            stated_duration_ms,
            {{ milliseconds(microseconds_between('review_started_at', 'occurred_at')) }},
            0
        ) as {{ measure_type() }}) as review_duration_ms,
        {{ microseconds_between('coalesce(handed_off_at, review_started_at)', 'occurred_at') }} as latency_us,

        -- booleans
        is_approved,

        -- timestamps
        handed_off_at,
        review_started_at,
        occurred_at as decided_at
    from decisions

)

-- By time, so that a window reads only its part.
select * from final
order by decided_at
