with

flows as (

    {{ all_ranges('phase') }}

),

strategies as (

    {{ list_items('flows', ['org_id', 'time_range', 'as_of', 'window_start'], {
        'share': 'escalation_distribution',
    }) }}

),

final as (

    select
        -- keys and window
        org_id,
        time_range,
        share.strategy,
        as_of,
        window_start,

        -- the document
        share.count,
        share.percentage
    from strategies

)

select * from final
