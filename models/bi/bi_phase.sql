with

flows as (

    {{ all_ranges('phase') }}

),

final as (

    {{ phase_rows('flows') }}

)

select
    *
    {{- and_hours() }}
from final
