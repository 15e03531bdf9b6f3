with

final as (

    select
        -- ids
        pipelines.pipeline_id,
        pipelines.org_id,
        pipelines.project_id,

        -- text
        pipelines.pipeline_name,
        pipelines.trigger_kind,
        pipelines.branch,
        case when pipelines.finished_at <= clock.as_of then pipelines.final_status else 'running' end as status,

        -- timestamps
        pipelines.started_at
    from {{ ref('int_pipeline_runs') }} as pipelines
    cross join {{ ref('clock') }} as clock
    where pipelines.started_at <= clock.as_of

)

select * from final
