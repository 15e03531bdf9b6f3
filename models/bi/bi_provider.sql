with

providers as (

    {{ all_ranges('provider') }}

),

final as (

    select
        -- keys and window
        org_id,
        time_range,
        provider,
        cast(provider_position as bigint) as provider_position,
        as_of,
        window_start,

        -- the document
        success_rate,
        avg_cost,
        avg_duration_ms,
        total_runs,
        cost_efficiency,

        -- sums
        completed_events,
        rework_events,
        {{ usd('total_cost') }} as total_cost,
        cast(total_duration_ms as double) as total_duration_ms
    from providers

)

select * from final
