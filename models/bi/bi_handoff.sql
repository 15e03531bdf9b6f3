with

handoffs as (

    {{ all_ranges('handoff') }}

),

final as (

    select
        -- keys and window
        org_id,
        time_range,
        as_of,
        window_start,

        -- the document
        avg_review_latency_ms,
        acceptance_rate,
        override_frequency,
        handoff_friction_score,

        -- sums
        decisions,
        approved_decisions,
        timed_decisions,
        overrides
    from handoffs

)

select * from final
