with

final as (

    select
        -- ids
        overrides.event_id,
        overrides.org_id,
        overrides.project_id,
        overrides.actor_id,

        -- text
        overrides.reason,

        -- timestamps
        overrides.overridden_at
    from {{ ref('int_overrides') }} as overrides
    cross join {{ ref('clock') }} as clock
    where overrides.overridden_at <= clock.as_of

)

select * from final
