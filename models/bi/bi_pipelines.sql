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
        {{ field_of('pipeline', 'name') }} as name,
        {{ field_of('pipeline', 'status') }} as status,
        {{ field_of('pipeline', 'duration') }} as duration,
        {{ field_of('pipeline', 'trigger') }} as trigger,
        {{ field_of('pipeline', 'branch') }} as branch,
        {{ field_of('pipeline', 'commit') }} as commit,
        {{ timestamp_of_text(field_of('pipeline', 'started_at')) }} as started_at
    from pipelines

)

select * from final
