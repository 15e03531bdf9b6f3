with

handoffs as (

    {{ all_ranges('handoff') }}

),

final as (

    {{ overrides_by_day_rows('handoffs') }}

)

select * from final
