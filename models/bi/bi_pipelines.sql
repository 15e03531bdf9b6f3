with

operations as (

    {{ all_ranges('devops') }}

),

pipelines as (

    {{ list_items('operations', ['org_id', 'time_range', 'as_of', 'window_start'], {'pipeline': 'pipelines'}) }}

),

final as (

    select
        -- keys and window
        org_id,
        time_range,
        list_position,
        as_of,
        window_start,

        -- the document
        pipeline.name,
        pipeline.status,
        pipeline.duration,
        pipeline.trigger,
        pipeline.branch,
        pipeline.commit,
        {{ timestamp_of_text('pipeline.started_at') }} as started_at
    from pipelines

)

select * from final
