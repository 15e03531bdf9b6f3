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
        deployment.id,
        deployment.version,
        deployment.environment,
        deployment.status,
        {{ timestamp_of_text('deployment.deployed_at') }} as deployed_at,
        deployment.deployed_by,
        deployment.is_rollback
    from deployments

)

select * from final
