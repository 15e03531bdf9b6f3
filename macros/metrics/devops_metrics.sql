-- The DORA metrics of each org over the window, with the pipelines, deployments and incidents behind them.
{% macro devops_metrics(days, periods_ago=0, keys=['org_id'], percentiles=false) -%}
{%- set by = keys | join(', ') -%}
with

{{ window_and_groups(days, periods_ago, keys) }}

changes as (

    {{ changes_of_window(keys + ['lead_time_us']) }}

),

current_deployments as (

    {{ active_deployments(keys + ['status']) }}

),

active_deployments as (

    select {{ by }}, count(*) as active_deployments
    from current_deployments
    group by {{ by }}

),

change_counts as (

    {{ change_counts(keys) }}

),

incidents as (

    {{ incidents_of_window(keys) }}

),

{{ incident_counts(keys) }}

pipeline_lists as (

    {{ pipeline_lists(keys) }}

),

deployment_lists as (

    {{ deployment_lists(keys) }}

),

incident_lists as (

    {{ incident_lists(keys) }}

),

joined as (

    select
        reported.*,
        {{ microseconds_between('reported.window_start', 'reported.as_of') }} as window_us,
        coalesce(downtimes.downtime_us, 0) as downtime_us,
        coalesce(active_deployments.active_deployments, 0) as active_deployments,
        coalesce(incident_counts.open_incidents, 0) as open_incidents,
        coalesce(incident_counts.recovered_incidents, 0) as recovered_incidents,
        coalesce(incident_counts.total_recovery_us, 0) as total_recovery_us,
        coalesce(change_counts.changes, 0) as changes,
        coalesce(change_counts.failed_changes, 0) as failed_changes,
        coalesce(change_counts.timed_changes, 0) as timed_changes,
        coalesce(change_counts.twice_median_lead_time_us, 0) as twice_median_lead_time_us,
        case when change_counts.timed_changes > 0 then 2 else 0 end as lead_time_divisor,
        change_counts.lead_time_us_percentiles,
        incident_counts.recovery_us_percentiles,
        {{ list_or_empty('pipeline_lists.pipelines') }} as pipelines,
        {{ list_or_empty('deployment_lists.deployments') }} as deployments,
        {{ list_or_empty('incident_lists.incidents') }} as incidents
    from reported
    left join downtimes on {{ matching('reported', 'downtimes', keys) }}
    left join active_deployments on {{ matching('reported', 'active_deployments', keys) }}
    left join incident_counts on {{ matching('reported', 'incident_counts', keys) }}
    left join change_counts on {{ matching('reported', 'change_counts', keys) }}
    left join pipeline_lists on {{ matching('reported', 'pipeline_lists', keys) }}
    left join deployment_lists on {{ matching('reported', 'deployment_lists', keys) }}
    left join incident_lists on {{ matching('reported', 'incident_lists', keys) }}

),

final as (

    select
        -- keys and window
        {{ by }},
        as_of,
        window_start,

        -- the document
        {{ percentage('(window_us - downtime_us)', 'window_us') }} as uptime_pct,
        active_deployments,
        open_incidents,
        {{ short_number(round_ratio('changes', days, 2)) }} || '/day' as deployment_frequency,
        case
            when changes = 0 then 'n/a'
            else {{ short_number(percentage('failed_changes', 'changes')) }} || '%'
        end as change_failure_rate,
        {{ length_text('twice_median_lead_time_us', 'lead_time_divisor') }} as lead_time_for_changes,
        {{ length_text('total_recovery_us', 'recovered_incidents') }} as mean_time_to_recovery,
        pipelines,
        deployments,
        incidents,

        -- sums and unrounded values
        changes,
        failed_changes,
        timed_changes,
        recovered_incidents,
        cast(downtime_us as bigint) as downtime_us,
        {{ ratio('100 * (window_us - downtime_us)', 'window_us') }} as uptime_pct_unrounded,
        {{ ratio('changes', days) }} as deployments_per_day_unrounded,
        {{ ratio('100 * failed_changes', 'changes') }} as change_failure_pct_unrounded,
        cast(twice_median_lead_time_us as double) / 2000 as lead_time_ms_unrounded,
        {{ ratio('total_recovery_us', '(1000 * recovered_incidents)') }} as recovery_time_ms_unrounded
        {%- if percentiles %},
        {{ percentile_columns('lead_time', 'ms', 'lead_time_us_percentiles') }},
        {{ percentile_columns('recovery_time', 'ms', 'recovery_us_percentiles') }}
        {%- endif %}
    from joined

)

-- Readers of documents take orgs in this order, a few at a time.
select * from final
order by {{ by }}
{%- endmacro %}
