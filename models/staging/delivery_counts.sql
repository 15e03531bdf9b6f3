with

deliveries as (

    select
        'factory_events' as log,
        rejected_rule,
        count(*) as row_count
    from {{ ref('base_event_deliveries') }}
    where withdrawn_batch_id is null
    group by rejected_rule

    union all

    select
        'factory_metrics' as log,
        rejected_rule,
        count(*) as row_count
    from {{ ref('base_run_deliveries') }}
    where withdrawn_batch_id is null
    group by rejected_rule

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
        deliveries.row_count - coalesce(duplicates.row_count, 0) as row_count
    from deliveries
    inner join duplicates on deliveries.log = duplicates.log
    where deliveries.rejected_rule is null

    union all

    select
        log,
        'duplicate' as outcome,
        null as rule,
        row_count
    from duplicates
    where row_count > 0

    union all

    select
        log,
        'rejected' as outcome,
        rejected_rule as rule,
        row_count
    from deliveries
    where rejected_rule is not null

),

final as (

    select
        log,
        outcome,
        rule,
        cast(row_count as bigint) as row_count
    from outcomes

)

select * from final
