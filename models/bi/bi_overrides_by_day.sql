with

handoffs as (

    {{ all_ranges('handoff') }}

),

final as (

    {{ rows_by_day('handoffs', 'override_timeline', 'count') }}

)

select * from final
