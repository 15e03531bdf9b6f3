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
    {{ listed_rows(relation, 'deployments', [
        'id', 'version', 'environment', 'status', 'deployed_at', 'deployed_by', 'is_rollback',
    ]) }}
{%- endmacro %}


-- The listed incidents as flat rows.
{% macro incidents_rows(relation) -%}
    {{ listed_rows(relation, 'incidents', [
        'id', 'title', 'severity', 'status', 'opened_at', 'resolved_at', 'deployment_id',
    ]) }}
{%- endmacro %}


-- The listed pipelines as flat rows.
{% macro pipelines_rows(relation) -%}
    {{ listed_rows(relation, 'pipelines', [
        'name', 'status', 'duration', 'trigger', 'branch', 'commit', 'started_at',
    ]) }}
{%- endmacro %}


-- A list of the document as flat rows, a column for each field; the ones that end with `_at` are timestamps.
{% macro listed_rows(relation, list, fields) -%}
    select
        org_id,
        time_range,
        list_position,
        as_of,
        window_start,

        -- the document
        {% for field in fields -%}
        {%- set value = field_of('item', field) -%}
        {{ timestamp_of_text(value) if field.endswith('_at') else value }} as {{ field }}{{ ',' if not loop.last }}
        {% endfor %}
    from ({{ list_items(relation, ['org_id', 'time_range', 'as_of', 'window_start'], {'item': list}) }}) as listed
{%- endmacro %}
