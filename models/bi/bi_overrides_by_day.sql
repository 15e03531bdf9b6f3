with

handoffs as (

    {{ all_ranges('handoff') }}

),

days as (

    {{ list_items('handoffs', ['org_id', 'time_range', 'as_of', 'window_start'], {'day': 'override_timeline'}) }}

),

final as (

    select
        -- keys and window
        org_id,
        time_range,
        day.date,
        as_of,
        window_start,

        -- the document
        day.count
    from days

)

select * from final
