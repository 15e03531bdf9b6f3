with

summaries as (

    {{ all_ranges('aggregate') }}

),

final as (

    select
        -- keys and window
        org_id,
        time_range,
        as_of,
        window_start,

        -- the document
        total_issues,
        total_cost,
        avg_cycle_time_ms,
        avg_yield,
        throughput_per_day,

        -- sums
        first_pass_issues
    from summaries

)

select * from final
