-- Handoffs between agents and people for BI tools.


-- Handoffs as flat rows.
{% macro handoff_rows(relation, keys=['org_id'], percentiles=false) -%}
    select
        {{ window_columns(keys) }},

        -- the document
        avg_review_latency_ms,
        acceptance_rate,
        override_frequency,
        handoff_friction_score,

        -- sums
        decisions,
        approved_decisions,
        timed_decisions,
        overrides
        {{- and_percentiles(percentiles, ('review_latency', 'ms')) }}
    from {{ relation }}
{%- endmacro %}


-- The same beside the window before, with percentiles.
{% macro handoff_extended(keys) -%}
    {{ with_previous(
        handoff_metrics, handoff_rows, keys,
        amounts=['avg_review_latency_ms'],
        points=['acceptance_rate', 'override_frequency', 'handoff_friction_score'],
        others=['decisions', 'approved_decisions', 'timed_decisions', 'overrides']
            + percentile_names('review_latency', 'ms'),
        bases={
            'avg_review_latency_ms': ['timed_decisions'],
            'acceptance_rate': ['decisions'],
            'override_frequency': ['decisions'],
            'handoff_friction_score': ['decisions'],
        }
    ) }}
{%- endmacro %}


-- The days of overrides as flat rows.
{% macro overrides_by_day_rows(relation, keys=['org_id'], percentiles=false) -%}
    {{ rows_by_day(relation, 'override_timeline', 'count', keys) }}
{%- endmacro %}
