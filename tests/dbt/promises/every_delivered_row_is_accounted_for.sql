-- Nothing is ever dropped silently: what the logs hold = accepted + duplicate + rejected, and what counts is what was
-- accepted. Without it a model that filters rows on the way would only make numbers smaller. Rows that were ingested
-- after the run are not its own to count.
with

delivered as (

    select
        'factory_events' as log,
        count(*) as row_count
    from {{ ref('landed_events') }}
    where
        {{ in_calendar('ingested_at') }} is null
        or ingested_at <= (select max(deliveries.ingested_at) from {{ ref('base_event_deliveries') }} as deliveries)

    union all

    select
        'factory_metrics' as log,
        count(*) as row_count
    from {{ ref('landed_runs') }}
    where
        {{ in_calendar('ingested_at') }} is null
        or ingested_at <= (select max(deliveries.ingested_at) from {{ ref('base_run_deliveries') }} as deliveries)

),

counted as (

    select
        log,
        sum(row_count) as row_count
    from {{ ref('delivery_counts') }}
    group by log

),

accepted as (

    select
        log,
        sum(row_count) as row_count
    from {{ ref('delivery_counts') }}
    where outcome = 'accepted'
    group by log

),

staged as (

    select
        'factory_events' as log,
        count(*) as row_count
    from {{ ref('stg_events') }}
    union all
    select
        'factory_metrics' as log,
        count(*) as row_count
    from {{ ref('stg_runs') }}

)

select
    delivered.log,
    delivered.row_count as delivered,
    coalesce(counted.row_count, 0) as counted,
    coalesce(accepted.row_count, 0) as accepted,
    staged.row_count as staged
from delivered
inner join staged on delivered.log = staged.log
left join counted on delivered.log = counted.log
left join accepted on delivered.log = accepted.log
where
    delivered.row_count != coalesce(counted.row_count, 0)
    or staged.row_count != coalesce(accepted.row_count, 0)
