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
        {{ field_of('incident', 'id') }} as id,
        {{ field_of('incident', 'title') }} as title,
        {{ field_of('incident', 'severity') }} as severity,
        {{ field_of('incident', 'status') }} as status,
        {{ timestamp_of_text(field_of('incident', 'opened_at')) }} as opened_at,
        {{ timestamp_of_text(field_of('incident', 'resolved_at')) }} as resolved_at,
        {{ field_of('incident', 'deployment_id') }} as deployment_id
    from incidents

)

select * from final
