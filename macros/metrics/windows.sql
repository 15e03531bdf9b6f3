-- Parts that several metrics share. They read the CTE `reporting_window`, which every metric begins with.


-- The window of N days up to the as-of as one row: as_of, window_start (00:00 UTC, so N calendar days in all).
{% macro reporting_window(days) -%}
    select
        as_of,
        {{ dbt.dateadd('day', 1 - days, dbt.date_trunc('day', 'as_of')) }} as window_start
    from {{ ref('clock') }}
{%- endmacro %}


-- The orgs that have documents, each with the window.
{% macro reported_orgs() -%}
    select
        orgs.org_id,
        reporting_window.as_of,
        reporting_window.window_start
    from {{ ref('int_orgs') }} as orgs
    cross join reporting_window
    where orgs.first_seen_at <= reporting_window.as_of
{%- endmacro %}


-- The rows of a relation whose timestamp is in the window, both edges included, with the columns that are wanted.
{% macro in_window(relation, timestamp, columns) -%}
    select
        {% for column in columns -%}
        facts.{{ column }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ relation }} as facts
    cross join reporting_window
    where facts.{{ timestamp }} between reporting_window.window_start and reporting_window.as_of
{%- endmacro %}


-- The rows of a relation that are the latest of their kind at the as-of: `superseded_at` is when the next one came.
{% macro current_rows(relation, timestamp, columns) -%}
    select
        {% for column in columns -%}
        facts.{{ column }},
        {% endfor -%}
        reporting_window.window_start
    from {{ relation }} as facts
    cross join reporting_window
    where
        facts.{{ timestamp }} <= reporting_window.as_of
        and (facts.superseded_at is null or facts.superseded_at > reporting_window.as_of)
{%- endmacro %}


-- The issues completed in the window, one row each: its latest completion.
{% macro completed_issues() -%}
    select * from ({{ current_rows(
        ref('int_issue_completions'), 'completed_at',
        ['org_id', 'escalation_strategy', 'cycle_time_us', 'is_first_pass', 'completed_at']
    ) }}) as latest_completions
    where completed_at >= window_start
{%- endmacro %}


-- The visits that exited in the window, forward or in rework.
{% macro exits() -%}
    select * from ({{ in_window(
        ref('int_station_visits'), 'left_at', ['org_id', 'issue_id', 'station', 'ending', 'duration_us']
    ) }}) as visits_left
    where ending in ('forward', 'rework')
{%- endmacro %}


-- The days of the window, oldest first.
{% macro days_of_window(days) -%}
    select cast({{ dbt.dateadd('day', 'numbers.generated_number - 1', 'reporting_window.window_start') }} as date) as day
    from reporting_window
    cross join ({{ dbt.generate_series(days) }}) as numbers
{%- endmacro %}


-- Cost in USD of each org and day of the window, zeros included.
{% macro daily_costs() -%}
    select
        orgs.org_id,
        window_days.day,
        coalesce(sum(runs.cost_usd), 0) as cost_usd
    from orgs
    cross join window_days
    left join runs
        on orgs.org_id = runs.org_id
        and window_days.day = cast(runs.recorded_at as date)
    group by orgs.org_id, window_days.day
{%- endmacro %}
