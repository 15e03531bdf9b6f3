with

operations as (

    {{ all_ranges('devops') }}

),

final as (

    select
        -- keys and window
        org_id,
        time_range,
        as_of,
        window_start,

        -- the document
        uptime_pct,
        active_deployments,
        open_incidents,
        deployment_frequency,
        change_failure_rate,
        lead_time_for_changes,
        mean_time_to_recovery,

        -- its texts as numbers
        deployments_per_day_unrounded as deployments_per_day,
        case when changes > 0 then change_failure_pct_unrounded end as change_failure_pct,
        case when timed_changes > 0 then lead_time_ms_unrounded end as lead_time_ms,
        case when recovered_incidents > 0 then recovery_time_ms_unrounded end as recovery_time_ms,

        -- sums
        changes,
        failed_changes,
        timed_changes,
        recovered_incidents,
        downtime_us / 1000.0 as downtime_ms
    from operations

)

select * from final
