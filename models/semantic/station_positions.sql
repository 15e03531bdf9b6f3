with

final as (

    {{ station_rows() }}

)

select * from final
