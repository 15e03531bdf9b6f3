{{ config(materialized='table') }}

with

sightings as (

    select
        org_id,
        first_event_at as first_seen_at
    from {{ ref('int_org_first_events') }}
    where first_event_at is not null

    union all

    select
        org_id,
        min(first_happened_at) as first_seen_at
    from {{ ref('int_run_arrivals') }}
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
