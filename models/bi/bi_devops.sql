with

operations as (

    {{ all_ranges('devops') }}

),

final as (

    {{ devops_rows('operations') }}

)

select
    *
    {{- and_hours() }}
from final
