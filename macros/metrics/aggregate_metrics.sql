-- The executive summary of each org over the window of the given number of days.
{% macro aggregate_metrics(days) -%}
with

reporting_window as (

    {{ reporting_window(days) }}

),

orgs as (

    {{ reported_orgs() }}

),

window_days as (

    {{ days_of_window(days) }}

),

runs as (

    {{ in_window(ref('int_runs'), 'recorded_at', ['org_id', 'recorded_at', 'cost_usd']) }}

),

daily_costs as (

    {{ daily_costs() }}

),

costs as (

    select
        org_id,
        sum(cost_usd) as total_cost_usd,
        {{ ordered_list(usd('cost_usd'), 'day') }} as cost_trend,
        {{ ordered_list('cost_usd', 'day') }} as cost_trend_unrounded
    from daily_costs
    group by org_id

),

completed_issues as (

    {{ completed_issues() }}

),

issues as (

    select
        org_id,
        count(*) as total_issues,
        count(case when is_first_pass then 1 end) as first_pass_issues,
        {{ twice_median('cycle_time_us') }} as twice_median_cycle_time_us
    from completed_issues
    group by org_id

),

joined as (

    select
        orgs.*,
        costs.total_cost_usd,
        costs.cost_trend,
        costs.cost_trend_unrounded,
        coalesce(issues.total_issues, 0) as total_issues,
        coalesce(issues.first_pass_issues, 0) as first_pass_issues,
        issues.twice_median_cycle_time_us
    from orgs
    inner join costs on orgs.org_id = costs.org_id
    left join issues on orgs.org_id = issues.org_id

),

final as (

    select
        -- keys and window
        org_id,
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
        total_cost_usd as total_cost_unrounded,
        coalesce(twice_median_cycle_time_us, 0) / 2000.0 as avg_cycle_time_ms_unrounded,
        {{ ratio('100 * first_pass_issues', 'total_issues') }} as avg_yield_unrounded,
        {{ ratio('total_issues', days) }} as throughput_per_day_unrounded,
        cost_trend_unrounded
    from joined

)

-- Readers of documents take orgs in this order, a few at a time.
select * from final
order by org_id
{%- endmacro %}
