with

providers as (

    {{ all_ranges('provider') }}

),

final as (

    {{ provider_rows('providers') }}

)

select
    *
    {{- and_hours() }}
from final
