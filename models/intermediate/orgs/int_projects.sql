{{ config(materialized='table') }}

with

sightings as (

    select
        org_id,
        project_id,
        first_happened_at as first_seen_at
    from {{ ref('int_event_arrivals') }}

    union all

    select
        org_id,
        project_id,
        first_happened_at as first_seen_at
    from {{ ref('int_run_arrivals') }}

),

final as (

    select
        org_id,
        project_id,
        min(first_seen_at) as first_seen_at
    from sightings
    group by org_id, project_id

)

select * from final
