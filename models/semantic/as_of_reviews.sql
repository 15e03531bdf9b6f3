with

final as (

    select
        -- ids
        reviews.event_id,
        reviews.org_id,
        reviews.project_id,
        reviews.actor_id,

        -- numerics
        reviews.review_duration_ms,
        reviews.latency_us,

        -- booleans
        reviews.is_approved,

        -- timestamps
        reviews.decided_at
    from {{ ref('int_reviews') }} as reviews
    cross join {{ ref('clock') }} as clock
    where reviews.decided_at <= clock.as_of

)

select * from final
