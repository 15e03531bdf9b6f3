with

deliveries as (

    select
        'factory_events' as log,
        count(*) as row_count
    from {{ ref('base_event_deliveries') }}
    where withdrawn_batch_id is null

    union all

    select
        'factory_metrics' as log,
        count(*) as row_count
    from {{ ref('base_run_deliveries') }}
    where withdrawn_batch_id is null

),

rejected as (

    select
        log,
        rule,
        count(*) as row_count
    from {{ ref('rejected_deliveries') }}
    group by log, rule

),

rejected_of_log as (

    select
        log,
        sum(row_count) as row_count
    from rejected
    group by log

),

duplicates as (

    select
        'factory_events' as log,
        sum(deliveries - 1) as row_count
    from {{ ref('redelivered_events') }}
    where delivery_number = 1

    union all

    select
        'factory_metrics' as log,
        sum(deliveries - 1) as row_count
    from {{ ref('redelivered_runs') }}
    where delivery_number = 1

),

outcomes as (

    select
        deliveries.log,
        'accepted' as outcome,
        cast(null as {{ dbt.type_string() }}) as rule,
        deliveries.row_count - coalesce(rejected_of_log.row_count, 0) - coalesce(duplicates.row_count, 0) as row_count
    from deliveries
    inner join duplicates on deliveries.log = duplicates.log
    left join rejected_of_log on deliveries.log = rejected_of_log.log

    union all

    select
        log,
        'duplicate' as outcome,
        null as rule,
        row_count
    from duplicates

    union all

    select
        log,
        'rejected' as outcome,
        rule,
        row_count
    from rejected

),

final as (

    select
        log,
        outcome,
        rule,
        cast(row_count as bigint) as row_count
    from outcomes
    where row_count > 0

)

select * from final
