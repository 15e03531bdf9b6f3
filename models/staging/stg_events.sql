{{ config(materialized='view') }}

{% set columns = [
    'event_key', 'event_id', 'org_id', 'project_id', 'issue_id', 'session_id', 'subject_id',
    'event_type', 'actor_type', 'actor_id', 'station', 'payload', 'occurred_at', 'ingested_at', 'origin',
] | join(', ') %}

with

-- Both parents are named where they are read: a CTE that is read twice would be copied whole.
delivered_once as (

    select {{ columns }}
    from {{ ref('base_event_deliveries') }}
    where
        rejected_rule is null
        and event_key not in (select redelivered.event_key from {{ ref('redelivered_events') }} as redelivered)

),

final as (

    select {{ columns }} from delivered_once
    union all
    select {{ columns }} from {{ ref('redelivered_events') }}

)

select * from final
