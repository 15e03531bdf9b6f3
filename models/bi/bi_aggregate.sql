with

summaries as (

    {{ all_ranges('aggregate') }}

),

final as (

    {{ aggregate_rows('summaries') }}

)

select
    *
    {{- and_hours() }}
from final
