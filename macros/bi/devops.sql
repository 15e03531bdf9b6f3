-- DORA metrics for BI tools.


-- DORA metrics as flat rows: the document's texts, and as numbers what they say.
{% macro devops_rows(relation, keys=['org_id'], percentiles=false) -%}
    select
        {{ window_columns(keys) }},

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
        cast(downtime_us as double) / 1000 as downtime_ms
        {{- and_percentiles(percentiles, ('lead_time', 'ms'), ('recovery_time', 'ms')) }}
    from {{ relation }}
{%- endmacro %}


-- The same beside the window before, with percentiles.
{% macro devops_extended(keys) -%}
    {{ with_previous(
        devops_metrics, devops_rows, keys,
        amounts=['active_deployments', 'open_incidents', 'deployments_per_day', 'lead_time_ms', 'recovery_time_ms'],
        points=['uptime_pct', 'change_failure_pct'],
        others=[
            'deployment_frequency', 'change_failure_rate', 'lead_time_for_changes', 'mean_time_to_recovery',
            'changes', 'failed_changes', 'timed_changes', 'recovered_incidents', 'downtime_ms',
        ] + percentile_names('lead_time', 'ms') + percentile_names('recovery_time', 'ms')
    ) }}
{%- endmacro %}


-- The listed deployments as flat rows.
{% macro deployments_rows(relation) -%}
    select
        org_id,
        time_range,
        list_position,
        as_of,
        window_start,

        -- the document
        {{ field_of('item', 'id') }} as id,
        {{ field_of('item', 'version') }} as version,
        {{ field_of('item', 'environment') }} as environment,
        {{ field_of('item', 'status') }} as status,
        {{ timestamp_of_text(field_of('item', 'deployed_at')) }} as deployed_at,
        {{ field_of('item', 'deployed_by') }} as deployed_by,
        {{ field_of('item', 'is_rollback') }} as is_rollback
    from ({{ list_items(relation, ['org_id', 'time_range', 'as_of', 'window_start'], {'item': 'deployments'}) }}) as listed
{%- endmacro %}


-- The listed incidents as flat rows.
{% macro incidents_rows(relation) -%}
    select
        org_id,
        time_range,
        list_position,
        as_of,
        window_start,

        -- the document
        {{ field_of('item', 'id') }} as id,
        {{ field_of('item', 'title') }} as title,
        {{ field_of('item', 'severity') }} as severity,
        {{ field_of('item', 'status') }} as status,
        {{ timestamp_of_text(field_of('item', 'opened_at')) }} as opened_at,
        {{ timestamp_of_text(field_of('item', 'resolved_at')) }} as resolved_at,
        {{ field_of('item', 'deployment_id') }} as deployment_id
    from ({{ list_items(relation, ['org_id', 'time_range', 'as_of', 'window_start'], {'item': 'incidents'}) }}) as listed
{%- endmacro %}


-- The listed pipelines as flat rows.
{% macro pipelines_rows(relation) -%}
    select
        org_id,
        time_range,
        list_position,
        as_of,
        window_start,

        -- the document
        {{ field_of('item', 'name') }} as name,
        {{ field_of('item', 'status') }} as status,
        {{ field_of('item', 'duration') }} as duration,
        {{ field_of('item', 'trigger') }} as trigger,
        {{ field_of('item', 'branch') }} as branch,
        {{ field_of('item', 'commit') }} as commit,
        {{ timestamp_of_text(field_of('item', 'started_at')) }} as started_at
    from ({{ list_items(relation, ['org_id', 'time_range', 'as_of', 'window_start'], {'item': 'pipelines'}) }}) as listed
{%- endmacro %}
