{{ config(unique_key='part_id', meta={'follows': ['base_event_deliveries', 'base_run_deliveries']}) }}
{% set changed = changed_parts() %}

with

rejected_events as (

    select
        'factory_events' as log,
        rejected_rule as rule,
        event_id as record_id,
        org_id,
        ingested_at,
        origin,
        record,
        part_id
    from {{ ref('base_event_deliveries') }}
    where
        rejected_rule is not null
        and {{ is_changed('part_id', changed) }}

),

rejected_runs as (

    select
        'factory_metrics' as log,
        rejected_rule as rule,
        run_id as record_id,
        org_id,
        ingested_at,
        origin,
        record,
        part_id
    from {{ ref('base_run_deliveries') }}
    where
        rejected_rule is not null
        and {{ is_changed('part_id', changed) }}

),

final as (

    select * from rejected_events
    union all
    select * from rejected_runs

)

select * from final
