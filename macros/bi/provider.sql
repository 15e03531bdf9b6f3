-- Providers for BI tools.


-- The providers as flat rows.
{% macro provider_rows(relation, keys=['org_id'], percentiles=false) -%}
    select
        {{ window_columns(keys) }},
        provider,
        cast(provider_position as bigint) as provider_position,

        -- the document
        success_rate,
        avg_cost,
        avg_duration_ms,
        total_runs,
        cost_efficiency,

        -- sums
        completed_events,
        rework_events,
        {{ cost_run_counts() | join(', ') }},
        timed_runs,
        {{ usd('total_cost') }} as total_cost,
        cast(total_duration_ms as double) as total_duration_ms
        {{- and_percentiles(percentiles, ('cost', 'usd'), ('duration', 'ms')) }}
    from {{ relation }}
{%- endmacro %}


-- The same beside the window before, with percentiles.
{% macro provider_extended(keys) -%}
    {{ with_previous(
        provider_metrics, provider_rows, keys,
        part='provider',
        amounts=['avg_cost', 'avg_duration_ms', 'total_runs', 'cost_efficiency'] + cost_run_counts(),
        points=['success_rate'],
        others=['provider_position', 'completed_events', 'rework_events', 'timed_runs', 'total_cost', 'total_duration_ms']
            + percentile_names('cost', 'usd') + percentile_names('duration', 'ms'),
        bases={
            'success_rate': ['completed_events', 'rework_events'],
            'avg_cost': ['reported_cost_runs', 'computed_cost_runs'],
            'avg_duration_ms': ['timed_runs'],
            'cost_efficiency': [
                ['completed_events', 'rework_events'], ['reported_cost_runs', 'computed_cost_runs'],
            ],
        }
    ) }}
{%- endmacro %}
