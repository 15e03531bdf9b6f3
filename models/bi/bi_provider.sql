with

providers as (

    {{ all_ranges('provider') }}

),

final as (

    {{ provider_rows('providers') }}

)

select * from final
