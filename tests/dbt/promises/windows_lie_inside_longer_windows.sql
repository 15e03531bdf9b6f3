-- A window is part of the next longer one, so none of its totals is above the longer one's. Windows with edges of
-- their own, or a range model that calls its macro with another number of days, show here.
{% set ranges = var('time_ranges') | sort %}
{% set totals = {
    'aggregate': ['total_issues', 'total_cost_unrounded', 'first_pass_issues'] + cost_run_counts(),
    'cost': ['total_issues', 'total_cost_unrounded', 'human_time_ms', 'agent_time_ms'] + cost_run_counts(),
    'handoff': ['decisions', 'approved_decisions', 'timed_decisions', 'overrides'],
    'phase': ['total_reworks', 'total_completed'],
    'devops': ['changes', 'failed_changes', 'timed_changes', 'recovered_incidents', 'downtime_us'],
    'station': ['throughput', 'exited_visits', 'exited_issues', 'reworked_issues'],
    'provider': [
        'total_runs', 'timed_runs', 'total_cost', 'total_duration_ms', 'completed_events', 'rework_events',
    ] + cost_run_counts(),
} %}
{% set parts = {'station': ['station'], 'provider': ['provider']} %}
{% set comparisons = [] %}
{% for metric_type, columns in totals.items() %}
{% for shorter in ranges[:-1] %}
{% set longer = ranges[loop.index] %}
{% for column in columns %}
{% do comparisons.append((metric_type, shorter, longer, column)) %}
{% endfor %}
{% endfor %}
{% endfor %}

{% for metric_type, shorter, longer, column in comparisons %}
select
    '{{ metric_type }}.{{ column }}' as total,
    {{ shorter }} as days,
    short_window.org_id,
    cast(short_window.{{ column }} as double) as in_window,
    cast(long_window.{{ column }} as double) as in_longer_window
from {{ ref(metric_type ~ '_' ~ shorter ~ 'd') }} as short_window
left join {{ ref(metric_type ~ '_' ~ longer ~ 'd') }} as long_window
    on short_window.org_id = long_window.org_id
    {% for part in parts.get(metric_type, []) -%}
    and short_window.{{ part }} = long_window.{{ part }}
    {% endfor -%}
where long_window.org_id is null or short_window.{{ column }} > long_window.{{ column }}
{{ 'union all' if not loop.last }}
{% endfor %}
