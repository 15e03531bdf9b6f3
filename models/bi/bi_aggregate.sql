with

summaries as (

    {{ all_ranges('aggregate') }}

),

final as (

    {{ aggregate_rows('summaries') }}

)

select * from final
