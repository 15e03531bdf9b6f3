with

costs as (

    {{ all_ranges('cost') }}

),

final as (

    {{ cost_by_station_rows('costs') }}

)

select * from final
