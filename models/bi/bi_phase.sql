with

flows as (

    {{ all_ranges('phase') }}

),

final as (

    {{ phase_rows('flows') }}

)

select * from final
