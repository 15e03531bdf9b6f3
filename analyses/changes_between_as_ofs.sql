-- What changed between two as-ofs, row by row: what came into the window, what left it, what was revised, and what only
-- arrived late.
--
-- Facts hold all of history, so both as-ofs are computed from the rows known today, by the metrics' own definitions. What was
-- published at the earlier one may differ, as rows arrive late: attach the version that was published then, and name it.
--   published_then + late_arrivals = earlier; earlier + entered + left_window + revised = later
-- var later_as_of: an instant, the clock's if it is not set. var earlier_as_of: 7 days before, or the attached version's.
-- var days: length of the window, 30. env FACTORY_EARLIER_VERSION: the name under which an earlier version is attached.
{% set days = var('days', 30) %}
{% set earlier_version = env_var('FACTORY_EARLIER_VERSION', '') %}
{% set states = ['published', 'earlier', 'later'] if earlier_version else ['earlier', 'later'] %}

with

instants as (

    select
        {% if var('later_as_of', none) -%}
        cast('{{ utc_instant(var("later_as_of")) }}' as timestamp) as later_as_of,
        {%- else -%}
        clock.as_of as later_as_of,
        {%- endif %}
        {% if var('earlier_as_of', none) -%}
        cast('{{ utc_instant(var("earlier_as_of")) }}' as timestamp) as earlier_as_of
        {%- elif earlier_version -%}
        published.as_of as earlier_as_of
        {%- else -%}
        {{ plus_days('clock.as_of', -7) }} as earlier_as_of
        {%- endif %}
    from {{ ref('clock') }} as clock
    {% if earlier_version -%}
    cross join {{ ref('clock').incorporate(path={'database': earlier_version}) }} as published
    {%- endif %}

),

{% for state in states -%}
{% set as_of = 'later_as_of' if state == 'later' else 'earlier_as_of' -%}
-- What counts, a row for each number that an issue or a run is part of.
{{ state }}_rows as (

    with

    reporting_window as (

        select
            {{ as_of }} as as_of,
            {{ plus_days(dbt.date_trunc('day', as_of), 1 - days) }} as window_start
        from instants

    )

    {% set completions, runs = ref('int_issue_completions'), ref('int_runs') -%}
    {% if state == 'published' -%}
    {% set completions = completions.incorporate(path={'database': earlier_version}) -%}
    {% set runs = runs.incorporate(path={'database': earlier_version}) -%}
    {% endif -%}
    select
        org_id,
        'total_issues' as metric,
        issue_id as row_id,
        1.0 as value
    from ({{ current_rows(completions, 'completed_at', ['org_id', 'issue_id', 'completed_at']) }}) as issues
    where completed_at >= window_start

    union all

    select
        org_id,
        'first_pass_issues' as metric,
        issue_id as row_id,
        case when is_first_pass then 1.0 else 0.0 end as value
    from ({{
        current_rows(completions, 'completed_at', ['org_id', 'issue_id', 'is_first_pass', 'completed_at'])
    }}) as issues
    where completed_at >= window_start

    union all

    select
        org_id,
        'total_cost' as metric,
        run_id as row_id,
        cast(coalesce(cost_usd, 0) as double) as value
    from ({{ runs_in_window(['org_id', 'run_id', 'cost_usd'], runs=runs) }}) as runs

),

{% endfor -%}
row_ids as (

    {% for state in states -%}
    select
        org_id,
        metric,
        row_id
    from {{ state }}_rows
    {{ 'union' if not loop.last }}
    {% endfor %}

),

matched as (

    select
        row_ids.org_id,
        row_ids.metric,
        {% if earlier_version -%}
        published_rows.value as published_value,
        {% endif -%}
        earlier_rows.value as earlier_value,
        later_rows.value as later_value
    from row_ids
    {% for state in states -%}
    left join {{ state }}_rows
        on row_ids.org_id = {{ state }}_rows.org_id
        and row_ids.metric = {{ state }}_rows.metric
        and row_ids.row_id = {{ state }}_rows.row_id
    {% endfor %}

),

final as (

    select
        org_id,
        metric,
        {% if earlier_version -%}
        coalesce(sum(published_value), 0) as published_then,
        sum(coalesce(earlier_value, 0) - coalesce(published_value, 0)) as late_arrivals,
        {% else -%}
        cast(null as double) as published_then,
        cast(null as double) as late_arrivals,
        {% endif -%}
        coalesce(sum(earlier_value), 0) as earlier,
        coalesce(sum(case when earlier_value is null then later_value end), 0) as entered,
        -coalesce(sum(case when later_value is null then earlier_value end), 0) as left_window,
        coalesce(sum(later_value - earlier_value), 0) as revised,
        coalesce(sum(later_value), 0) as later
    from matched
    group by org_id, metric

)

select * from final
order by org_id, metric
