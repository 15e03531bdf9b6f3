with

costs as (

    {{ all_ranges('cost') }}

),

final as (

    {{ rows_by_day('costs', 'cost_trend', 'cost') }}

)

select * from final
