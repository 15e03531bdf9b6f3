with

flows as (

    {{ all_ranges('phase') }}

),

final as (

    {{ rework_loops_rows('flows') }}

)

select * from final
