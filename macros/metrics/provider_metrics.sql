-- Success rate, cost, duration and cost efficiency of each org's providers over the window.
{% macro provider_metrics(days, periods_ago=0, keys=['org_id'], percentiles=false) -%}
{%- set by = keys | join(', ') -%}
with

{{ window_and_groups(days, periods_ago, keys) }}

runs as (

    {{ runs_in_window(keys + ['provider', 'cost_source', 'cost_usd', 'duration_ms']) }}

),

provider_runs as (

    select
        {{ by }},
        provider,
        count(*) as total_runs,
        {{ cost_source_counts() }},
        count(cost_usd) as costed_runs,
        count(duration_ms) as timed_runs,
        coalesce(sum(cost_usd), 0) as total_cost_usd,
        coalesce(sum(duration_ms), 0) as total_duration_ms,
        {{ percentiles_of('cost_usd') }} as cost_usd_percentiles,
        {{ percentiles_of('1000 * duration_ms') }} as duration_us_percentiles
    from runs
    group by {{ by }}, provider

),

{{ provider_outcomes(keys) }}

joined as (

    select
        reported.*,
        provider_runs.provider,
        provider_runs.total_runs,
        {{ columns_of('provider_runs', cost_run_counts()) }},
        provider_runs.costed_runs,
        provider_runs.timed_runs,
        provider_runs.total_cost_usd,
        provider_runs.total_duration_ms,
        provider_runs.cost_usd_percentiles,
        provider_runs.duration_us_percentiles,
        coalesce(outcomes.completed_events, 0) as completed_events,
        coalesce(outcomes.rework_events, 0) as rework_events
    from reported
    inner join provider_runs on {{ matching('reported', 'provider_runs', keys) }}
    left join outcomes
        on {{ matching('provider_runs', 'outcomes', keys) }}
        and provider_runs.provider = outcomes.provider

),

final as (

    select
        -- keys and window
        {{ by }},
        provider,
        cast(row_number() over (partition by {{ by }} order by total_runs desc, provider) as integer)
            as provider_position,
        as_of,
        window_start,

        -- the document
        {{ percentage('completed_events', '(completed_events + rework_events)') }} as success_rate,
        {{ round_ratio(billionths('total_cost_usd'), '(1000000000 * costed_runs)', 4) }} as avg_cost,
        {{ round_ratio(billionths('total_duration_ms'), '(1000000000 * timed_runs)', 0) }} as avg_duration_ms,
        total_runs,
        -- success rate over mean cost, as one fraction; above 2,000 USD a run it rounds to 0, and would not fit
        case
            when total_cost_usd > 2000 * costed_runs then 0
            else {{ round_ratio(
                'cast(completed_events as decimal(38, 0)) * costed_runs * 100000000000',
                '((completed_events + rework_events) * ' ~ billionths('total_cost_usd') ~ ')',
                1
            ) }}
        end as cost_efficiency,

        -- sums and unrounded values
        completed_events,
        rework_events,
        {{ cost_run_counts() | join(', ') }},
        timed_runs,
        total_cost_usd as total_cost,
        total_duration_ms,
        {{ ratio('100 * completed_events', '(completed_events + rework_events)') }} as success_rate_unrounded,
        {{ ratio('total_cost_usd', 'costed_runs') }} as avg_cost_unrounded,
        {{ ratio('total_duration_ms', 'timed_runs') }} as avg_duration_ms_unrounded,
        {{ ratio(
            '(100 * cast(completed_events as double) * costed_runs)',
            '(cast(completed_events + rework_events as double) * cast(total_cost_usd as double))'
        ) }} as cost_efficiency_unrounded
        {%- if percentiles %},
        {{ percentile_columns('cost', 'usd', 'cost_usd_percentiles') }},
        {{ percentile_columns('duration', 'ms', 'duration_us_percentiles') }}
        {%- endif %}
    from joined

)

-- Readers of documents take orgs in this order, a few at a time.
select * from final
order by {{ by }}, provider_position
{%- endmacro %}
