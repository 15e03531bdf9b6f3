with

operations as (

    {{ all_ranges('devops') }}

),

deployments as (

    {{ list_items('operations', ['org_id', 'time_range', 'as_of', 'window_start'], {'deployment': 'deployments'}) }}

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
        {{ field_of('deployment', 'id') }} as id,
        {{ field_of('deployment', 'version') }} as version,
        {{ field_of('deployment', 'environment') }} as environment,
        {{ field_of('deployment', 'status') }} as status,
        {{ timestamp_of_text(field_of('deployment', 'deployed_at')) }} as deployed_at,
        {{ field_of('deployment', 'deployed_by') }} as deployed_by,
        {{ field_of('deployment', 'is_rollback') }} as is_rollback
    from deployments

)

select * from final
