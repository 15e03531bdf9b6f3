-- The executive summary for BI tools.


-- The executive summaries as flat rows.
{% macro aggregate_rows(relation, keys=['org_id'], percentiles=false) -%}
    select
        {{ window_columns(keys) }},

        -- the document
        total_issues,
        total_cost,
        avg_cycle_time_ms,
        avg_yield,
        throughput_per_day,

        -- sums
        first_pass_issues,
        {{ cost_run_counts() | join(', ') }}
        {{- and_percentiles(percentiles, ('cycle_time', 'ms')) }}
    from {{ relation }}
{%- endmacro %}


-- The same beside the window before, with percentiles.
{% macro aggregate_extended(keys) -%}
    {{ with_previous(
        aggregate_metrics, aggregate_rows, keys,
        amounts=['total_issues', 'total_cost', 'avg_cycle_time_ms', 'throughput_per_day'] + cost_run_counts(),
        points=['avg_yield'],
        others=['first_pass_issues'] + percentile_names('cycle_time', 'ms'),
        bases={'avg_cycle_time_ms': ['total_issues'], 'avg_yield': ['total_issues']}
    ) }}
{%- endmacro %}
