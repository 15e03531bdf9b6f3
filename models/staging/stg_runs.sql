{{ config(materialized='view') }}

{% set columns = [
    'run_key', 'run_id', 'org_id', 'project_id', 'issue_id', 'session_id',
    'station', 'metadata', 'cost_usd', 'duration_ms', 'recorded_at', 'ingested_at', 'origin',
] | join(', ') %}

with

deliveries as (

    select * from {{ ref('base_run_deliveries') }}

),

redelivered as (

    select * from {{ ref('redelivered_runs') }}

),

delivered_once as (

    select {{ columns }}
    from deliveries
    where
        rejected_rule is null
        and not exists (
            select 1 from redelivered
            where redelivered.run_key = deliveries.run_key
        )

),

final as (

    select {{ columns }} from delivered_once
    union all
    select {{ columns }} from redelivered

)

select * from final
