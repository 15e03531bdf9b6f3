-- Phases, rework and escalations for BI tools.


-- The phases as flat rows.
{% macro phase_rows(relation, keys=['org_id'], percentiles=false) -%}
    {%- set lists = {'step': 'phases', 'unrounded': 'phases_unrounded'} -%}
    {%- if percentiles -%}
        {%- do lists.update({'step_us_percentiles': 'phases_us_percentiles'}) -%}
    {%- endif -%}
    select
        {{ window_columns(keys) }},
        {{ field_of('step', 'phase') }} as phase,
        list_position as phase_position,

        -- the document
        {{ field_of('step', 'avg_cycle_time_ms') }} as avg_cycle_time_ms,
        {{ field_of('step', 'avg_cost_usd') }} as avg_cost_usd,
        {{ field_of('step', 'throughput') }} as throughput,

        -- sums
        {{ usd(field_of('unrounded', 'total_cost')) }} as total_cost
        {%- if percentiles %},
        {{ percentile_columns('cycle_time', 'ms', 'step_us_percentiles') }}
        {%- endif %}
    from ({{ list_items(relation, keys + ['time_range', 'as_of', 'window_start'], lists) }}) as phases
{%- endmacro %}


-- The same beside the window before, with percentiles.
{% macro phase_extended(keys) -%}
    {{ with_previous(
        phase_metrics, phase_rows, keys,
        part='phase',
        amounts=['avg_cycle_time_ms', 'avg_cost_usd', 'throughput'],
        others=['phase_position', 'total_cost'] + percentile_names('cycle_time', 'ms'),
        bases={'avg_cycle_time_ms': ['throughput'], 'avg_cost_usd': ['throughput']}
    ) }}
{%- endmacro %}


-- Rework as flat rows.
{% macro rework_loops_rows(relation, keys=['org_id'], percentiles=false) -%}
    select
        {{ window_columns(keys) }},

        -- the document
        avg_cycles_per_issue,
        total_reworks,
        total_completed
    from {{ relation }}
{%- endmacro %}


-- The same beside the window before, with percentiles.
{% macro rework_loops_extended(keys) -%}
    {{ with_previous(
        phase_metrics, rework_loops_rows, keys,
        amounts=['avg_cycles_per_issue', 'total_reworks', 'total_completed'],
        bases={'avg_cycles_per_issue': ['total_completed']}
    ) }}
{%- endmacro %}


-- The escalation strategies as flat rows.
{% macro escalations_rows(relation, keys=['org_id'], percentiles=false) -%}
    select
        {{ window_columns(keys) }},
        {{ field_of('share', 'strategy') }} as strategy,

        -- the document
        {{ field_of('share', 'count') }} as count,
        {{ field_of('share', 'percentage') }} as percentage
    from ({{ list_items(relation, keys + ['time_range', 'as_of', 'window_start'], {
        'share': 'escalation_distribution',
    }) }}) as strategies
{%- endmacro %}


-- The same beside the window before, with percentiles.
{% macro escalations_extended(keys) -%}
    {{ with_previous(
        phase_metrics, escalations_rows, keys,
        part='strategy',
        amounts=['count'],
        points=['percentage']
    ) }}
{%- endmacro %}
