{{ config(materialized='view') }}

{% set columns = [
    'event_key', 'event_id', 'org_id', 'project_id', 'issue_id', 'session_id', 'subject_id',
    'event_type', 'actor_type', 'actor_id', 'station', 'payload', 'occurred_at', 'ingested_at', 'origin',
] | join(', ') %}

with

deliveries as (

    select * from {{ ref('base_event_deliveries') }}

),

redelivered as (

    select * from {{ ref('redelivered_events') }}

),

delivered_once as (

    select {{ columns }}
    from deliveries
    where
        rejected_rule is null
        and not exists (
            select 1 from redelivered
            where redelivered.event_key = deliveries.event_key
        )

),

final as (

    select {{ columns }} from delivered_once
    union all
    select {{ columns }} from redelivered

)

select * from final
