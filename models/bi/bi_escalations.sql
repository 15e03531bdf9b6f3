with

flows as (

    {{ all_ranges('phase') }}

),

final as (

    {{ escalations_rows('flows') }}

)

select * from final
