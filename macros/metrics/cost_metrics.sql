-- Cost per issue, by station and by day, and the split of time between people and agents, over the window.
{% macro cost_metrics(days, periods_ago=0, keys=['org_id'], percentiles=false) -%}
{%- set by = keys | join(', ') -%}
with

{{ window_and_groups(days, periods_ago, keys) }}

window_days as (

    {{ days_of_window(days) }}

),

stations as (

    {{ station_rows() }}

),

runs as (

    {{ runs_in_window(keys + ['station', 'recorded_at', 'cost_source', 'cost_usd', 'duration_ms']) }}

),

daily_costs as (

    {{ daily_costs(keys) }}

),

trends as (

    select
        {{ by }},
        {{ ordered_list(make_struct({'date': 'day', 'cost': usd('cost_usd')}), 'day') }} as cost_trend,
        {{ ordered_list(make_struct({'date': 'day', 'cost': 'cost_usd'}), 'day') }} as cost_trend_unrounded
    from daily_costs
    group by {{ by }}

),

completed_issues as (

    {{ completed_issues(keys, ['issue_id']) }}

),

issues as (

    select {{ by }}, count(*) as total_issues
    from completed_issues
    group by {{ by }}

),

{% if percentiles -%}
issue_cost_distributions as (

    select {{ by }}, {{ percentiles_of('cost_usd') }} as issue_cost_usd_percentiles
    from ({{ issue_costs(keys) }}) as issue_costs
    group by {{ by }}

),

{% endif -%}
{{ costs_by_station(keys) }}

cost_source_runs as (

    {{ cost_source_runs(keys) }}

),

{{ agent_and_human_time(keys) }}

joined as (

    select
        reported.*,
        breakdowns.total_issues,
        breakdowns.total_cost_usd,
        breakdowns.cost_per_station,
        breakdowns.cost_per_station_unrounded,
        trends.cost_trend,
        trends.cost_trend_unrounded,
        coalesce(human_time.human_time_ms, 0) as human_time_ms,
        coalesce(agent_time.agent_time_ms, 0) as agent_time_ms,
        {{ joined_cost_run_counts() }}
        {%- if percentiles %},
        issue_cost_distributions.issue_cost_usd_percentiles
        {%- endif %}
    from reported
    inner join breakdowns on {{ matching('reported', 'breakdowns', keys) }}
    inner join trends on {{ matching('reported', 'trends', keys) }}
    left join human_time on {{ matching('reported', 'human_time', keys) }}
    left join agent_time on {{ matching('reported', 'agent_time', keys) }}
    left join cost_source_runs on {{ matching('reported', 'cost_source_runs', keys) }}
    {%- if percentiles %}
    left join issue_cost_distributions on {{ matching('reported', 'issue_cost_distributions', keys) }}
    {%- endif %}

),

split as (

    select
        *,
        human_time_ms + agent_time_ms as total_time_ms,
        {{ percentage(billionths('human_time_ms'), billionths('(human_time_ms + agent_time_ms)')) }} as human_time_pct
    from joined

),

final as (

    select
        -- keys and window
        {{ by }},
        as_of,
        window_start,

        -- the document
        {{ round_ratio(billionths('total_cost_usd'), '(1000000000 * cast(total_issues as bigint))', 4) }}
            as avg_cost_per_issue,
        cost_per_station,
        cost_trend,
        human_time_pct,
        case when total_time_ms = 0 then 0 else {{ one_decimal('100 - human_time_pct') }} end as agent_time_pct,

        -- sums and unrounded values
        total_issues,
        {{ cost_run_counts() | join(', ') }},
        total_cost_usd as total_cost_unrounded,
        human_time_ms,
        agent_time_ms,
        {{ ratio('total_cost_usd', 'total_issues') }} as avg_cost_per_issue_unrounded,
        cost_per_station_unrounded,
        cost_trend_unrounded,
        {{ ratio('100 * human_time_ms', 'total_time_ms') }} as human_time_pct_unrounded
        {%- if percentiles %},
        {{ percentile_columns('issue_cost', 'usd', 'issue_cost_usd_percentiles') }}
        {%- endif %}
    from split

)

-- Readers of documents take orgs in this order, a few at a time.
select * from final
order by {{ by }}
{%- endmacro %}
