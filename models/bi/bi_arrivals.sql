with

clock as (

    select as_of from {{ ref('clock') }}

),

arrivals as (

    select
        'factory_events' as log,
        org_id,
        ingested_on,
        first_ingested_at
    from {{ ref('int_event_arrivals') }}

    union all

    select
        'factory_metrics' as log,
        org_id,
        ingested_on,
        first_ingested_at
    from {{ ref('int_run_arrivals') }}

),

last_arrivals as (

    select
        arrivals.org_id,
        arrivals.log,
        clock.as_of,
        max(arrivals.ingested_on) as last_arrived_on
    from arrivals
    cross join clock
    where arrivals.first_ingested_at <= clock.as_of
    group by arrivals.org_id, arrivals.log, clock.as_of

),

final as (

    select
        -- keys
        org_id,
        log,
        as_of,

        -- freshness
        last_arrived_on,
        {{ days_between('last_arrived_on', 'cast(as_of as date)') }} as days_since_last_arrival
    from last_arrivals

)

select * from final
