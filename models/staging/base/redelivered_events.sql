{{ config(unique_key='event_key', meta={'follows': 'base_event_deliveries', 'changed_key': 'event_key'}) }}
{% set changed = changed_keys([ref('base_event_deliveries')]) %}
{% set days = on_days_with(ref('base_event_deliveries'), 'true', 'event_key', changed) %}

with

-- Whole numbers count faster than pairs of ids. Two events with one key both come along, and are told apart below.
repeated_keys as (

    select event_key
    from {{ ref('base_event_deliveries') }}
    where
        {{ days }}
        and rejected_rule is null
        and {{ is_changed('event_key', changed) }}
    group by event_key
    having count(*) > 1

),

-- Deliveries of one event differ in nothing but ingested_at; where they do, the order of the rest decides.
numbered as (

    select
        accepted.*,
        count(case when accepted.withdrawn_batch_id is null then 1 end) over (
            partition by accepted.org_id, accepted.event_id
        ) as deliveries,
        row_number() over (
            partition by accepted.org_id, accepted.event_id
            order by
                accepted.withdrawn_batch_id nulls first, accepted.ingested_at, accepted.occurred_at,
                accepted.event_type, accepted.project_id, accepted.issue_id, accepted.session_id, accepted.actor_type, accepted.actor_id, accepted.payload,
                accepted.origin
        ) as delivery_number
    from {{ ref('base_event_deliveries') }} as accepted
    inner join repeated_keys on accepted.event_key = repeated_keys.event_key
    where
        {{ days }}
        and accepted.rejected_rule is null

),

final as (

    select
        -- ids
        event_key,
        subject_key,
        session_key,
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

        -- numerics
        deliveries,
        case when withdrawn_batch_id is null then delivery_number end as delivery_number,

        -- timestamps
        occurred_at,
        ingested_at,

        -- how it was delivered
        origin,
        cast({{ followed_batch() }} as bigint) as batch_id
    from numbered

)

select * from final
