-- Costs for BI tools: by org and by station.


-- Costs as flat rows.
{% macro cost_rows(relation, keys=['org_id'], percentiles=false) -%}
    select
        {{ window_columns(keys) }},

        -- the document
        avg_cost_per_issue,
        human_time_pct,
        agent_time_pct,

        -- sums
        total_issues,
        {{ cost_run_counts() | join(', ') }},
        {{ usd('total_cost_unrounded') }} as total_cost,
        cast(human_time_ms as double) as human_time_ms,
        cast(agent_time_ms as double) as agent_time_ms
        {{- and_percentiles(percentiles, ('issue_cost', 'usd')) }}
    from {{ relation }}
{%- endmacro %}


-- The same beside the window before, with percentiles.
{% macro cost_extended(keys) -%}
    {{ with_previous(
        cost_metrics, cost_rows, keys,
        amounts=['avg_cost_per_issue'] + cost_run_counts(),
        points=['human_time_pct', 'agent_time_pct'],
        others=['total_issues', 'total_cost', 'human_time_ms', 'agent_time_ms']
            + percentile_names('issue_cost', 'usd'),
        bases={
            'avg_cost_per_issue': ['total_issues'],
            'human_time_pct': ['human_time_ms', 'agent_time_ms'],
            'agent_time_pct': ['human_time_ms', 'agent_time_ms'],
        }
    ) }}
{%- endmacro %}


-- Costs by station as flat rows.
{% macro cost_by_station_rows(relation, keys=['org_id'], percentiles=false) -%}
    select
        {{ window_columns(keys) }},
        {{ field_of('share', 'station') }} as station,
        list_position as cost_position,

        -- the document
        {{ field_of('share', 'cost') }} as cost,

        -- sums
        {{ usd(field_of('unrounded', 'total_cost')) }} as total_cost,
        total_issues
    from ({{ list_items(relation, keys + ['time_range', 'as_of', 'window_start', 'total_issues'], {
        'share': 'cost_per_station',
        'unrounded': 'cost_per_station_unrounded',
    }) }}) as stations
{%- endmacro %}


-- The same beside the window before, with percentiles.
{% macro cost_by_station_extended(keys) -%}
    {{ with_previous(
        cost_metrics, cost_by_station_rows, keys,
        part='station',
        amounts=['cost', 'total_cost'],
        others=['cost_position', 'total_issues'],
        bases={'cost': ['total_issues']}
    ) }}
{%- endmacro %}


-- The days of costs as flat rows.
{% macro cost_by_day_rows(relation, keys=['org_id'], percentiles=false) -%}
    {{ rows_by_day(relation, 'cost_trend', 'cost', keys) }}
{%- endmacro %}
