-- What is counted: rows that a mart sums up, and that a drill-down view shows. They read the CTE `reporting_window`: one
-- row in a mart, one per range in a view. `keys` is what a row of the mart is about, see reported_groups().


-- Every window, one row each, with its name: as_of, window_start, time_range.
{% macro reporting_windows() -%}
    {% for days in var('time_ranges') -%}
    select
        '{{ days }}d' as time_range,
        windows.*
    from ({{ reporting_window(days) }}) as windows
    {{- '\n    union all\n    ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


-- The visits that are open at the as-of.
{% macro open_visits(columns, of_window=[]) -%}
    select
        {% for column in of_window -%}
        reporting_window.{{ column }},
        {% endfor -%}
        {% for column in columns -%}
        visits.{{ column }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('int_station_visits') }} as visits
    cross join reporting_window
    where
        visits.entered_at <= reporting_window.as_of
        and (visits.left_at is null or visits.left_at > reporting_window.as_of)
{%- endmacro %}


-- The completions and reworks of the window: what becomes of an agent's work.
{% macro outcomes(columns, of_window=[]) -%}
    select * from ({{ in_window(
        ref('int_work_item_transitions'), 'occurred_at', columns, of_window
    ) }}) as transitions_in_window
    where event_type in ('work-item.completed', 'work-item.rework')
{%- endmacro %}


-- The provider of each session is the provider of its latest run, which may lie before the window.
{% macro session_providers(of_window=[]) -%}
    {{ current_runs(['org_id', 'session_id', 'provider'], of_window) }}
{%- endmacro %}


-- The issues completed in the window, one row each: its latest completion.
{% macro completed_issues(keys, columns, of_window=[]) -%}
    select * from ({{ current_rows(
        ref('int_issue_completions'), 'completed_at',
        keys + columns + ['completed_at'], of_window
    ) }}) as latest_completions
    where completed_at >= window_start
{%- endmacro %}


-- The visits that exited in the window, forward or in rework.
{% macro exits(keys, columns=[], of_window=[]) -%}
    select * from ({{ in_window(
        ref('int_station_visits'), 'left_at', keys + ['issue_id', 'station', 'ending', 'duration_us'] + columns, of_window
    ) }}) as visits_left
    where ending in ('forward', 'rework')
{%- endmacro %}


-- What the issues of the CTE `completed_issues` have cost by the as-of, whenever that was and whatever the project of the run.
{% macro issue_costs(keys) -%}
    select
        {{ columns_of('completed_issues', keys) }},
        completed_issues.issue_id,
        coalesce(sum(issue_runs.cost_usd), 0) as cost_usd
    from completed_issues
    cross join reporting_window
    left join {{ ref('int_runs') }} as issue_runs
        on completed_issues.org_id = issue_runs.org_id
        and completed_issues.issue_id = issue_runs.issue_id
        and {{ counts_at('issue_runs', 'reporting_window.as_of') }}
    group by {{ columns_of('completed_issues', keys) }}, completed_issues.issue_id
{%- endmacro %}
