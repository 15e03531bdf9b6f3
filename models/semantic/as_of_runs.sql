with

final as (

    select
        -- ids
        runs.run_id,
        runs.org_id,
        runs.project_id,

        -- text
        runs.station,
        runs.provider,
        runs.model,
        runs.cost_source,

        -- numerics
        runs.cost_usd,
        runs.duration_ms,

        -- timestamps
        runs.recorded_at
    from {{ ref('int_runs') }} as runs
    cross join {{ ref('clock') }} as clock
    where
        {{ counts_at('runs', 'clock.as_of') }}

)

select * from final
