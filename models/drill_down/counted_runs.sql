with

reporting_window as (

    {{ reporting_windows() }}

),

runs as (

    {{ runs_in_window([
        'org_id', 'project_id', 'run_id', 'issue_id', 'session_id', 'station', 'provider', 'model', 'cost_source',
        'cost_usd', 'duration_ms', 'recorded_at',
    ], ['time_range']) }}

),

final as (

    select
        -- ids
        org_id,
        time_range,
        run_id,
        session_id,
        issue_id,
        project_id,

        -- text
        station,
        provider,
        model,
        cost_source,

        -- numerics
        cast(cost_usd as double) as cost_usd,
        cast(duration_ms as double) as duration_ms,

        -- timestamps
        recorded_at,
        cast(recorded_at as date) as recorded_on
    from runs

)

select * from final
