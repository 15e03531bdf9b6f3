-- The executive summary of each org over the window of the given number of days.
{% macro aggregate_metrics(days, periods_ago=0, keys=['org_id'], percentiles=false) -%}
{%- set by = keys | join(', ') -%}
with

{{ window_and_groups(days, periods_ago, keys) }}

window_days as (

    {{ days_of_window(days) }}

),

runs as (

    {{ runs_in_window(keys + ['recorded_at', 'cost_source', 'cost_usd']) }}

),

daily_costs as (

    {{ daily_costs(keys) }}

),

costs as (

    select
        {{ by }},
        sum(cost_usd) as total_cost_usd,
        {{ ordered_list(usd('cost_usd'), 'day') }} as cost_trend,
        {{ ordered_list('cost_usd', 'day') }} as cost_trend_unrounded
    from daily_costs
    group by {{ by }}

),

cost_source_runs as (

    {{ cost_source_runs(keys) }}

),

-- From int_issue_completions.
completed_issues as (

    {{ completed_issues(keys, ['cycle_time_us', 'is_first_pass']) }}

),

issues as (

    select
        {{ by }},
        count(*) as total_issues,
        count(case when is_first_pass then 1 end) as first_pass_issues,
        {{ twice_median('cycle_time_us') }} as twice_median_cycle_time_us,
        {{ percentiles_of('cycle_time_us') }} as cycle_time_us_percentiles
    from completed_issues
    group by {{ by }}

),

joined as (

    select
        reported.*,
        costs.total_cost_usd,
        costs.cost_trend,
        costs.cost_trend_unrounded,
        coalesce(issues.total_issues, 0) as total_issues,
        coalesce(issues.first_pass_issues, 0) as first_pass_issues,
        issues.twice_median_cycle_time_us,
        issues.cycle_time_us_percentiles,
        {{ joined_cost_run_counts() }}
    from reported
    inner join costs on {{ matching('reported', 'costs', keys) }}
    left join issues on {{ matching('reported', 'issues', keys) }}
    left join cost_source_runs on {{ matching('reported', 'cost_source_runs', keys) }}

),

final as (

    select
        -- keys and window
        {{ by }},
        as_of,
        window_start,

        -- the document
        total_issues,
        {{ usd('total_cost_usd') }} as total_cost,
        {{ median_ms('twice_median_cycle_time_us') }} as avg_cycle_time_ms,
        {{ percentage('first_pass_issues', 'total_issues') }} as avg_yield,
        {{ round_ratio('total_issues', days, 2) }} as throughput_per_day,
        cost_trend,

        -- sums and unrounded values
        first_pass_issues,
        {{ cost_run_counts() | join(', ') }},
        total_cost_usd as total_cost_unrounded,
        cast(coalesce(twice_median_cycle_time_us, 0) as double) / 2000 as avg_cycle_time_ms_unrounded,
        {{ ratio('100 * first_pass_issues', 'total_issues') }} as avg_yield_unrounded,
        {{ ratio('total_issues', days) }} as throughput_per_day_unrounded,
        cost_trend_unrounded
        {%- if percentiles %},
        {{ percentile_columns('cycle_time', 'ms', 'cycle_time_us_percentiles') }}
        {%- endif %}
    from joined

)

-- Readers of documents take orgs in this order, a few at a time.
select * from final
order by {{ by }}
{%- endmacro %}
