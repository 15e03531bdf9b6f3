with

costs as (

    {{ all_ranges('cost') }}

),

final as (

    {{ cost_by_day_rows('costs') }}

)

select * from final
