-- What the logs delivered, and what events tell of runs: a row of the latter is no delivery.
with

deliveries as (

    select
        log,
        rule,
        record_id,
        org_id,
        ingested_at,
        origin,
        record,
        part_id
    from {{ ref('rejected_deliveries') }}

),

runs_from_events as (

    select
        'runs_from_events' as log,
        rejected_rule as rule,
        run_id as record_id,
        org_id,
        ingested_at,
        origin,
        record,
        cast(null as bigint) as part_id
    from {{ ref('int_event_runs') }}
    where rejected_rule is not null

),

final as (

    select * from deliveries
    union all
    select * from runs_from_events

)

select * from final
