with

stations as (

    {{ all_ranges('station') }}

),

final as (

    {{ station_rows_of('stations') }}

)

select
    *
    {{- and_hours() }}
from final
