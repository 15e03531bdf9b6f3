with

operations as (

    {{ all_ranges('devops') }}

),

incidents as (

    {{ list_items('operations', ['org_id', 'time_range', 'as_of', 'window_start'], {'incident': 'incidents'}) }}

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
        incident.id,
        incident.title,
        incident.severity,
        incident.status,
        {{ timestamp_of_text('incident.opened_at') }} as opened_at,
        {{ timestamp_of_text('incident.resolved_at') }} as resolved_at,
        incident.deployment_id
    from incidents

)

select * from final
