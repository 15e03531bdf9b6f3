with

sightings as (

    select
        org_id,
        min(occurred_at) as first_seen_at
    from {{ ref('stg_events') }}
    group by org_id

    union all

    select
        org_id,
        min(recorded_at) as first_seen_at
    from {{ ref('stg_runs') }}
    group by org_id

),

final as (

    select
        org_id,
        min(first_seen_at) as first_seen_at
    from sightings
    group by org_id

)

select * from final
