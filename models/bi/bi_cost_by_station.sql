with

costs as (

    {{ all_ranges('cost') }}

),

stations as (

    {{ list_items('costs', ['org_id', 'time_range', 'as_of', 'window_start'], {
        'share': 'cost_per_station',
        'unrounded': 'cost_per_station_unrounded',
    }) }}

),

final as (

    select
        -- keys and window
        org_id,
        time_range,
        share.station,
        list_position as cost_position,
        as_of,
        window_start,

        -- the document
        share.cost,

        -- sums
        {{ usd('unrounded.total_cost') }} as total_cost
    from stations

)

select * from final
