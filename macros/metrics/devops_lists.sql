-- The lists of a devops document: pipelines, deployments and incidents, newest first, as many as the var list_limit says.


-- The pipelines of each org (or project).
{% macro pipeline_lists(keys) -%}
    select
        {{ keys | join(', ') }},
        {{ ordered_list(
            make_struct({
                'name': 'pipeline_name',
                'status': 'status',
                'duration': length_text('duration_us', 'is_finished'),
                'trigger': 'trigger_kind',
                'branch': 'branch',
                'commit': 'commit_sha',
                'started_at': timestamp_text('started_at'),
            }),
            'list_position'
        ) }} as pipelines
    from ({{ pipelines_of_window(keys, [
        'pipeline_id', 'pipeline_name', 'trigger_kind', 'branch', 'commit_sha', 'final_status', 'started_at',
        'finished_at',
    ]) }}) as pipelines_of_window
    where list_position <= {{ var('list_limit') }}
    group by {{ keys | join(', ') }}
{%- endmacro %}


-- The deployments of each org (or project).
{% macro deployment_lists(keys) -%}
    select
        {{ keys | join(', ') }},
        {{ ordered_list(
            make_struct({
                'id': 'deployment_id',
                'version': 'version',
                'environment': 'environment',
                'status': 'status',
                'deployed_at': timestamp_text('deployed_at'),
                'deployed_by': 'deployed_by',
                'is_rollback': 'is_rollback',
            }),
            'list_position'
        ) }} as deployments
    from ({{ deployments_of_window(keys, [
        'event_id', 'deployment_id', 'version', 'environment', 'status', 'deployed_at', 'deployed_by', 'is_rollback',
    ]) }}) as deployments_of_window
    where list_position <= {{ var('list_limit') }}
    group by {{ keys | join(', ') }}
{%- endmacro %}


-- The incidents of each org (or project), from the CTE `incidents`.
{% macro incident_lists(keys) -%}
    select
        {{ keys | join(', ') }},
        {{ ordered_list(
            make_struct({
                'id': 'incident_id',
                'title': 'title',
                'severity': 'severity',
                'status': "case when resolved_at is null then 'open' else 'resolved' end",
                'opened_at': timestamp_text('opened_at'),
                'resolved_at': timestamp_text('resolved_at'),
                'deployment_id': 'deployment_id',
            }),
            'list_position'
        ) }} as incidents
    from incidents
    where list_position <= {{ var('list_limit') }}
    group by {{ keys | join(', ') }}
{%- endmacro %}
