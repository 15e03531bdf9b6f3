with

stations as (

    {{ all_ranges('station') }}

),

final as (

    select
        -- keys and window
        org_id,
        time_range,
        station,
        cast(station_position as bigint) as station_position,
        as_of,
        window_start,

        -- the document
        wip_count,
        throughput,
        cycle_time_ms,
        yield,

        -- sums
        exited_visits,
        exited_issues,
        reworked_issues
    from stations

)

select * from final
