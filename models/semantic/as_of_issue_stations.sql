with

final as (

    select
        -- ids
        completions.event_id,
        completions.org_id,
        completions.project_id,
        completions.issue,

        -- text
        stations.station,

        -- timestamps
        completions.completed_at
    from {{ ref('as_of_completions') }} as completions
    cross join {{ ref('station_positions') }} as stations

)

select * from final
