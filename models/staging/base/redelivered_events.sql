with

-- Whole numbers count faster than pairs of ids. Two events with one key both come along, and are told apart below.
repeated_keys as (

    select event_key
    from {{ ref('base_event_deliveries') }}
    where rejected_rule is null
    group by event_key
    having count(*) > 1

),

-- Deliveries of one event differ in nothing but ingested_at; where they do, the order of the rest decides.
numbered as (

    select
        accepted.*,
        count(*) over (partition by accepted.org_id, accepted.event_id) as deliveries,
        row_number() over (
            partition by accepted.org_id, accepted.event_id
            order by
                accepted.ingested_at, accepted.occurred_at, accepted.event_type, accepted.project_id,
                accepted.issue_id, accepted.session_id, accepted.actor_type, accepted.actor_id, accepted.payload
        ) as delivery_number
    from {{ ref('base_event_deliveries') }} as accepted
    inner join repeated_keys on accepted.event_key = repeated_keys.event_key
    where accepted.rejected_rule is null

),

final as (

    select
        -- ids
        event_key,
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

        -- timestamps
        occurred_at,
        ingested_at,

        -- how it was delivered
        origin
    from numbered
    where delivery_number = 1

)

select * from final
