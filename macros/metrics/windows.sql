-- Parts that several metrics share. They read the CTE `reporting_window`, which every metric begins with.


-- The window of N days up to the as-of as one row: as_of, window_start (00:00 UTC, so N calendar days in all). One period
-- ago it is the window as it was N days before: all that follows is what was known then, of the rows known today.
{% macro reporting_window(days, periods_ago=0) -%}
    {%- set as_of = plus_days('as_of', -days * periods_ago) if periods_ago else 'as_of' -%}
    select
        {{ as_of }} as as_of,
        {{ plus_days(dbt.date_trunc('day', as_of), 1 - days) }} as window_start
    from {{ ref('clock') }}
{%- endmacro %}


-- What has a row of its own, each with the window: the orgs that have documents, or their projects.
{% macro reported_groups(keys) -%}
    select
        {{ columns_of('seen', keys) }},
        reporting_window.as_of,
        reporting_window.window_start
    from {{ ref('int_projects') if 'project_id' in keys else ref('int_orgs') }} as seen
    cross join reporting_window
    where seen.first_seen_at <= reporting_window.as_of
{%- endmacro %}


-- The CTEs that every metric begins with: the window, and what has a row of its own in it.
{% macro window_and_groups(days, periods_ago, keys) -%}
reporting_window as (

    {{ reporting_window(days, periods_ago) }}

),

reported as (

    {{ reported_groups(keys) }}

),
{%- endmacro %}


-- Some columns of a relation.
{% macro columns_of(relation, columns) -%}
    {% for column in columns -%}
    {{ relation }}.{{ column }}{{ ', ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


-- The rows of a relation whose timestamp is in the window, both edges included, with the columns that are wanted.
{% macro in_window(relation, timestamp, columns, of_window=[]) -%}
    select
        {% for column in of_window -%}
        reporting_window.{{ column }},
        {% endfor -%}
        {% for column in columns -%}
        facts.{{ column }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ relation }} as facts
    cross join reporting_window
    where facts.{{ timestamp }} between reporting_window.window_start and reporting_window.as_of
{%- endmacro %}


-- The runs recorded in the window, as the as-of knows them. `runs` is where int_runs is.
{% macro runs_in_window(columns, of_window=[], runs=none) -%}
    {{ in_window(runs or ref('int_runs'), 'recorded_at', columns, of_window) }}
        and {{ counts_at('facts', 'reporting_window.as_of') }}
{%- endmacro %}


-- The latest run of each session at the as-of, as the as-of knows it.
{% macro current_runs(columns, of_window=[]) -%}
    {{ current_rows(ref('int_runs'), 'recorded_at', columns, of_window) }}
        and {{ counts_at('facts', 'reporting_window.as_of') }}
{%- endmacro %}


-- Whether a row of int_runs is what its run is at an instant: a run may have several versions, one after the other.
{% macro counts_at(runs, instant) -%}
    {{ runs }}.counts_from <= {{ instant }}
        and ({{ runs }}.counts_until is null or {{ runs }}.counts_until > {{ instant }})
{%- endmacro %}


-- The rows of a relation that are the latest of their kind at the as-of: `superseded_at` is when the next one came.
{% macro current_rows(relation, timestamp, columns, of_window=[]) -%}
    select
        {% for column in of_window -%}
        reporting_window.{{ column }},
        {% endfor -%}
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


-- The days of the window, oldest first.
{% macro days_of_window(days) -%}
    select cast({{ plus_days('reporting_window.window_start', 'numbers.generated_number - 1') }} as date) as day
    from reporting_window
    cross join ({{ dbt.generate_series(days) }}) as numbers
{%- endmacro %}


-- Cost in USD of each org (or project) and day of the window, zeros included.
{% macro daily_costs(keys) -%}
    select
        {{ columns_of('reported', keys) }},
        window_days.day,
        coalesce(sum(runs.cost_usd), 0) as cost_usd
    from reported
    cross join window_days
    left join runs
        on {{ matching('reported', 'runs', keys) }}
        and window_days.day = cast(runs.recorded_at as date)
    group by {{ columns_of('reported', keys) }}, window_days.day
{%- endmacro %}
