with

costs as (

    {{ all_ranges('cost') }}

),

days as (

    {{ list_items('costs', ['org_id', 'time_range', 'as_of', 'window_start'], {'day': 'cost_trend'}) }}

),

final as (

    select
        -- keys and window
        org_id,
        time_range,
        day.date,
        as_of,
        window_start,

        -- the document
        day.cost
    from days

)

select * from final
