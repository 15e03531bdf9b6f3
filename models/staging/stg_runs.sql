{{ config(materialized='view') }}

{% set columns = [
    'run_key', 'run_id', 'org_id', 'project_id', 'issue_id', 'session_id',
    'station', 'metadata', 'cost_usd', 'duration_ms', 'recorded_at', 'ingested_at', 'origin',
] | join(', ') %}

with

-- Both parents are named where they are read: a CTE that is read twice would be copied whole.
delivered_once as (

    select {{ columns }}
    from {{ ref('base_run_deliveries') }}
    where
        rejected_rule is null
        and run_key not in (select redelivered.run_key from {{ ref('redelivered_runs') }} as redelivered)

),

final as (

    select {{ columns }} from delivered_once
    union all
    select {{ columns }} from {{ ref('redelivered_runs') }}

)

select * from final
