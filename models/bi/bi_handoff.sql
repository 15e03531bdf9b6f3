with

handoffs as (

    {{ all_ranges('handoff') }}

),

final as (

    {{ handoff_rows('handoffs') }}

)

select
    *
    {{- and_hours() }}
from final
