-- The changes, deployments, pipelines and incidents that are counted, as counted_rows.sql has other facts.


-- The changes of the window, and whether each has failed by the as-of.
{% macro changes_of_window(columns, of_window=[]) -%}
    select
        *,
        coalesce(failed_at <= as_of, false) as has_failed
    from ({{ in_window(
        ref('int_changes'), 'deployed_at', columns + ['failed_at'], ['as_of'] + of_window
    ) }}) as changes_in_window
{%- endmacro %}


-- The deployments that are the latest of their project and environment at the as-of, and succeeded.
{% macro active_deployments(columns, of_window=[]) -%}
    select * from ({{ current_rows(
        ref('int_deployments'), 'deployed_at', columns, of_window
    ) }}) as latest_deployments
    where status = 'success'
{%- endmacro %}


-- The deployments of the window, with their place in the list.
{% macro deployments_of_window(keys, columns, of_window=[]) -%}
    select
        *,
        row_number() over (
            partition by {{ keys | join(', ') }}, window_start order by deployed_at desc, deployment_id, event_id
        ) as list_position
    from ({{ in_window(
        ref('int_deployments'), 'deployed_at', keys + columns, ['window_start'] + of_window
    ) }}) as deployments_in_window
{%- endmacro %}


-- The pipelines that were started in the window, with their place in the list and what the as-of knows of them.
{% macro pipelines_of_window(keys, columns, of_window=[]) -%}
    select
        *,
        case when finished_at <= as_of then final_status else 'running' end as status,
        case when finished_at <= as_of then 1 else 0 end as is_finished,
        case
            when finished_at > started_at then {{ microseconds_between('started_at', 'finished_at') }}
            else 0
        end as duration_us,
        row_number() over (
            partition by {{ keys | join(', ') }}, window_start order by started_at desc, pipeline_id
        ) as list_position
    from ({{ in_window(
        ref('int_pipeline_runs'), 'started_at', keys + columns, ['as_of', 'window_start'] + of_window
    ) }}) as pipelines_in_window
{%- endmacro %}


-- The incidents opened or resolved in the window or open at the as-of, with their place in the list and what the as-of
-- knows of them: an opening or a resolution after it does not exist.
{% macro incidents_of_window(keys, of_window=[], columns=[]) -%}
    select
        *,
        opened_at is not null and resolved_at is null as is_open,
        coalesce(resolved_at >= window_start and opened_at <= resolved_at, false) as is_recovered,
        row_number() over (
            partition by {{ keys | join(', ') }}, window_start order by opened_at desc nulls last, incident_id
        ) as list_position
    from (
        select
            incidents.incident_id,
            incidents.org_id,
            {% if 'project_id' in keys + columns -%}
            case when incidents.opened_at <= reporting_window.as_of then incidents.project_id end as project_id,
            {% endif -%}
            reporting_window.as_of,
            reporting_window.window_start,
            {% for column in of_window -%}
            reporting_window.{{ column }},
            {% endfor -%}
            case when incidents.opened_at <= reporting_window.as_of then incidents.opened_at end as opened_at,
            case when incidents.opened_at <= reporting_window.as_of then incidents.title end as title,
            case when incidents.opened_at <= reporting_window.as_of then incidents.severity end as severity,
            case when incidents.opened_at <= reporting_window.as_of then incidents.deployment_id end as deployment_id,
            case when incidents.resolved_at <= reporting_window.as_of then incidents.resolved_at end as resolved_at
        from {{ ref('int_incidents') }} as incidents
        cross join reporting_window
    ) as known_incidents
    where
        opened_at >= window_start
        or resolved_at >= window_start
        or (opened_at is not null and resolved_at is null)
{%- endmacro %}


-- The critical incidents of the CTE `incidents`, with the part of the window that each covers: `downtime_us` is what the
-- outages before it do not cover.
{% macro outages(keys) -%}
    {%- set by = keys | join(', ') -%}
    select
        *,
        case
            when covered_until is null or covered_until <= started_at
                then {{ microseconds_between('started_at', 'ended_at') }}
            when covered_until < ended_at
                then {{ microseconds_between('covered_until', 'ended_at') }}
            else 0
        end as downtime_us
    from (
        select
            *,
            max(ended_at) over (
                partition by {{ by }}, window_start order by started_at, ended_at, incident_id
                rows between unbounded preceding and 1 preceding
            ) as covered_until
        from (
            select
                {{ by }},
                window_start,
                incident_id,
                case when opened_at < window_start then window_start else opened_at end as started_at,
                coalesce(resolved_at, as_of) as ended_at
            from incidents
            where
                severity = 'critical'
                and coalesce(resolved_at, as_of) > opened_at
                and coalesce(resolved_at, as_of) > window_start
        ) as critical_incidents
    ) as covered_outages
{%- endmacro %}
