-- The rows of `counted_changes`, `counted_deployments`, `counted_incidents` and `counted_pipelines` add up to every number
-- of the devops marts, and are its lists.
with

marts as (

    {{ all_ranges('devops') }}

),

mart_pipelines as (

    {{ list_items('marts', ['org_id', 'time_range'], {'item': 'pipelines'}) }}

),

mart_deployments as (

    {{ list_items('marts', ['org_id', 'time_range'], {'item': 'deployments'}) }}

),

mart_incidents as (

    {{ list_items('marts', ['org_id', 'time_range'], {'item': 'incidents'}) }}

),

published as (

    {{ as_numbers('marts', {
        'uptime_pct': 'uptime_pct',
        'active_deployments': 'active_deployments',
        'open_incidents': 'open_incidents',
        'deployment_frequency': "replace(deployment_frequency, '/day', '')",
        'change_failure_rate': "case change_failure_rate when 'n/a' then '-1' else replace(change_failure_rate, '%', '') end",
        'changes': 'changes',
        'deployments_that_are_changes': 'changes',
        'failed_changes': 'failed_changes',
        'timed_changes': 'timed_changes',
        'recovered_incidents': 'recovered_incidents',
        'has_no_lead_time': "case lead_time_for_changes when 'n/a' then 1 else 0 end",
        'has_no_recovery_time': "case mean_time_to_recovery when 'n/a' then 1 else 0 end",
        'downtime_us': 'downtime_us',
        'uptime_pct_unrounded': 'uptime_pct_unrounded',
        'deployments_per_day_unrounded': 'deployments_per_day_unrounded',
        'change_failure_pct_unrounded': 'change_failure_pct_unrounded',
        'lead_time_ms_unrounded': 'lead_time_ms_unrounded',
        'recovery_time_ms_unrounded': 'recovery_time_ms_unrounded',
    }, decimals={'uptime_pct': 1, 'deployment_frequency': 2, 'change_failure_rate': 1}) }}
    union all
    {{ as_numbers('mart_pipelines', {'pipelines': 1}, part=make_struct({
        'position': 'list_position', 'name': 'item.name', 'status': 'item.status', 'trigger': 'item.trigger',
        'branch': 'item.branch', 'commit': 'item.commit', 'started_at': 'item.started_at',
        'has_length': "item.duration != 'n/a'",
    })) }}
    union all
    {{ as_numbers('mart_deployments', {'deployments': 1}, part=make_struct({
        'position': 'list_position', 'id': 'item.id', 'version': 'item.version', 'environment': 'item.environment',
        'status': 'item.status', 'deployed_at': 'item.deployed_at', 'deployed_by': 'item.deployed_by',
        'is_rollback': 'item.is_rollback',
    })) }}
    union all
    {{ as_numbers('mart_incidents', {'incidents': 1}, part=make_struct({
        'position': 'list_position', 'id': 'item.id', 'title': 'item.title', 'severity': 'item.severity',
        'status': 'item.status', 'opened_at': 'item.opened_at', 'resolved_at': 'item.resolved_at',
        'deployment_id': 'item.deployment_id',
    })) }}

),

changes as (

    select
        org_id,
        time_range,
        count(*) as changes,
        count(case when has_failed then 1 end) as failed_changes,
        count(case when counts_in_lead_time then 1 end) as timed_changes,
        cast({{ twice_median('lead_time_us') }} as double) / 2000 as lead_time_ms
    from {{ ref('counted_changes') }}
    group by org_id, time_range

),

active_deployments as (

    select
        org_id,
        time_range,
        count(*) as deployments
    from {{ ref('counted_deployments') }}
    where counts_in_active_deployments
    group by org_id, time_range

),

deployed_changes as (

    select
        org_id,
        time_range,
        count(*) as changes
    from {{ ref('counted_deployments') }}
    where
        is_change
        and list_position is not null
    group by org_id, time_range

),

incidents as (

    select
        org_id,
        time_range,
        count(case when counts_in_open_incidents then 1 end) as open_incidents,
        count(case when counts_in_recovery_time then 1 end) as recovered_incidents,
        avg(recovery_us) / 1000 as recovery_time_ms,
        sum(case when counts_in_uptime then downtime_us else 0 end) as downtime_us
    from {{ ref('counted_incidents') }}
    group by org_id, time_range

),

-- Every org of the marts, as nothing counted is a number here: an uptime of 100, or n/a.
numbers as (

    select
        marts.org_id,
        marts.time_range,
        coalesce(changes.changes, 0) as changes,
        coalesce(changes.failed_changes, 0) as failed_changes,
        coalesce(changes.timed_changes, 0) as timed_changes,
        changes.lead_time_ms,
        coalesce(active_deployments.deployments, 0) as active_deployments,
        coalesce(incidents.open_incidents, 0) as open_incidents,
        coalesce(incidents.recovered_incidents, 0) as recovered_incidents,
        incidents.recovery_time_ms,
        coalesce(incidents.downtime_us, 0) as downtime_us,
        100.0 * (
            {{ microseconds_between('marts.window_start', 'marts.as_of') }} - coalesce(incidents.downtime_us, 0)
        ) / nullif({{ microseconds_between('marts.window_start', 'marts.as_of') }}, 0) as uptime_pct
    from marts
    left join changes on marts.org_id = changes.org_id and marts.time_range = changes.time_range
    left join active_deployments
        on marts.org_id = active_deployments.org_id and marts.time_range = active_deployments.time_range
    left join incidents on marts.org_id = incidents.org_id and marts.time_range = incidents.time_range

),

-- What no mart has a row for.
unpublished as (

    select
        org_id,
        time_range
    from changes
    union
    select
        org_id,
        time_range
    from active_deployments
    union
    select
        org_id,
        time_range
    from incidents

),

counted as (

    {{ as_numbers('numbers', {
        'uptime_pct': 'uptime_pct',
        'active_deployments': 'active_deployments',
        'open_incidents': 'open_incidents',
        'deployment_frequency': 'cast(changes as double) / ' ~ days_of_range('time_range'),
        'change_failure_rate': 'coalesce(100.0 * failed_changes / nullif(changes, 0), -1)',
        'changes': 'changes',
        'failed_changes': 'failed_changes',
        'timed_changes': 'timed_changes',
        'recovered_incidents': 'recovered_incidents',
        'has_no_lead_time': 'case when timed_changes = 0 then 1 else 0 end',
        'has_no_recovery_time': 'case when recovered_incidents = 0 then 1 else 0 end',
        'downtime_us': 'downtime_us',
        'uptime_pct_unrounded': 'uptime_pct',
        'deployments_per_day_unrounded': 'cast(changes as double) / ' ~ days_of_range('time_range'),
        'change_failure_pct_unrounded': '100.0 * failed_changes / nullif(changes, 0)',
        'lead_time_ms_unrounded': 'lead_time_ms',
        'recovery_time_ms_unrounded': 'recovery_time_ms',
    }) }}
    union all
    {{ as_numbers('deployed_changes', {'deployments_that_are_changes': 'changes'}) }}
    union all
    {{ as_numbers(
        '(select org_id, time_range from unpublished except select org_id, time_range from marts) as unknown_orgs',
        {'rows of an org that no mart has': 1}
    ) }}
    union all
    {{ as_numbers(ref('counted_pipelines') ~ ' where counts_in_pipelines', {'pipelines': 1}, part=make_struct({
        'position': 'list_position', 'name': 'pipeline_name', 'status': 'status', 'trigger': 'trigger_kind',
        'branch': 'branch', 'commit': 'commit_sha', 'started_at': timestamp_text('started_at'),
        'has_length': 'duration_us is not null',
    })) }}
    union all
    {{ as_numbers(ref('counted_deployments') ~ ' where counts_in_deployments', {'deployments': 1}, part=make_struct({
        'position': 'list_position', 'id': 'deployment_id', 'version': 'version', 'environment': 'environment',
        'status': 'status', 'deployed_at': timestamp_text('deployed_at'), 'deployed_by': 'deployed_by',
        'is_rollback': 'is_rollback',
    })) }}
    union all
    {{ as_numbers(ref('counted_incidents') ~ ' where counts_in_incidents', {'incidents': 1}, part=make_struct({
        'position': 'list_position', 'id': 'incident_id', 'title': 'title', 'severity': 'severity',
        'status': "case when resolved_at is null then 'open' else 'resolved' end",
        'opened_at': timestamp_text('opened_at'), 'resolved_at': timestamp_text('resolved_at'),
        'deployment_id': 'deployment_id',
    })) }}

)

{{ unexplained_numbers() }}
