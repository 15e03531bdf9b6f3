with

reporting_window as (

    {{ reporting_windows() }}

),

pipelines as (

    {{ pipelines_of_window(['org_id'], [
        'project_id', 'pipeline_id', 'pipeline_name', 'trigger_kind', 'branch', 'commit_sha', 'final_status',
        'started_at', 'finished_at',
    ], ['time_range']) }}

),

final as (

    select
        -- ids
        org_id,
        time_range,
        pipeline_id,
        project_id,

        -- text
        pipeline_name,
        status,
        trigger_kind,
        branch,
        commit_sha,

        -- numerics
        case when is_finished = 1 then duration_us end as duration_us,
        list_position,

        -- booleans
        list_position <= {{ var('list_limit') }} as counts_in_pipelines,

        -- timestamps
        started_at,
        case when is_finished = 1 then finished_at end as finished_at
    from pipelines

)

select * from final
