with

reporting_window as (

    {{ reporting_windows() }}

),

decisions as (

    {{ in_window(ref('int_reviews'), 'decided_at', [
        'org_id', 'project_id', 'event_id', 'issue_id', 'actor_id', 'review_duration_ms', 'latency_us', 'is_approved',
        'handed_off_at', 'review_started_at', 'decided_at',
    ], ['time_range']) }}

),

final as (

    select
        -- ids
        org_id,
        time_range,
        event_id,
        issue_id,
        project_id,
        actor_id,

        -- numerics
        latency_us,
        cast(review_duration_ms as double) as review_duration_ms,

        -- booleans
        is_approved,
        latency_us is not null as counts_in_review_latency,

        -- timestamps
        handed_off_at,
        review_started_at,
        decided_at
    from decisions

)

select * from final
