with

costs as (

    {{ all_ranges('cost') }}

),

final as (

    {{ cost_rows('costs') }}

)

select
    *
    {{- and_hours() }}
from final
