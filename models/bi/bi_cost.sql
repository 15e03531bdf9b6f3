with

costs as (

    {{ all_ranges('cost') }}

),

final as (

    select
        -- keys and window
        org_id,
        time_range,
        as_of,
        window_start,

        -- the document
        avg_cost_per_issue,
        human_time_pct,
        agent_time_pct,

        -- sums
        total_issues,
        {{ usd('total_cost_unrounded') }} as total_cost,
        cast(human_time_ms as double) as human_time_ms,
        cast(agent_time_ms as double) as agent_time_ms
    from costs

)

select * from final
