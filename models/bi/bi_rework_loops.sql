with

flows as (

    {{ all_ranges('phase') }}

),

final as (

    select
        -- keys and window
        org_id,
        time_range,
        as_of,
        window_start,

        -- the document
        avg_cycles_per_issue,
        total_reworks,
        total_completed
    from flows

)

select * from final
