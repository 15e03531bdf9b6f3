with

flows as (

    {{ all_ranges('phase') }}

),

phases as (

    {{ list_items('flows', ['org_id', 'time_range', 'as_of', 'window_start'], {
        'step': 'phases',
        'unrounded': 'phases_unrounded',
    }) }}

),

final as (

    select
        -- keys and window
        org_id,
        time_range,
        step.phase,
        list_position as phase_position,
        as_of,
        window_start,

        -- the document
        step.avg_cycle_time_ms,
        step.avg_cost_usd,
        step.throughput,

        -- sums
        {{ usd('unrounded.total_cost') }} as total_cost
    from phases

)

select * from final
