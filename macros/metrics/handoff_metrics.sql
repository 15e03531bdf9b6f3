-- Review latency, acceptance, overrides and friction of each org's handoffs over the window.
{% macro handoff_metrics(days, periods_ago=0, keys=['org_id'], percentiles=false) -%}
{%- set by = keys | join(', ') -%}
with

{{ window_and_groups(days, periods_ago, keys) }}

decisions as (

    {{ in_window(ref('int_reviews'), 'decided_at', keys + ['is_approved', 'latency_us']) }}

),

reviews as (

    select
        {{ by }},
        count(*) as decisions,
        count(case when is_approved then 1 end) as approved_decisions,
        count(latency_us) as timed_decisions,
        sum(latency_us) as total_latency_us,
        {{ percentiles_of('latency_us') }} as latency_us_percentiles
    from decisions
    group by {{ by }}

),

{{ override_timelines(keys) }}

joined as (

    select
        reported.*,
        coalesce(reviews.decisions, 0) as decisions,
        coalesce(reviews.approved_decisions, 0) as approved_decisions,
        coalesce(reviews.timed_decisions, 0) as timed_decisions,
        coalesce(reviews.total_latency_us, 0) as total_latency_us,
        reviews.latency_us_percentiles,
        coalesce(timelines.overrides, 0) as overrides,
        {{ list_or_empty('timelines.override_timeline') }} as override_timeline
    from reported
    left join reviews on {{ matching('reported', 'reviews', keys) }}
    left join timelines on {{ matching('reported', 'timelines', keys) }}

),

-- More overrides than decisions count as one each.
counted as (

    select
        *,
        decisions - approved_decisions as declined_decisions,
        case when overrides > decisions then decisions else overrides end as overridden_decisions
    from joined

),

final as (

    select
        -- keys and window
        {{ by }},
        as_of,
        window_start,

        -- the document
        {{ round_ratio('total_latency_us', '(1000 * timed_decisions)', 0) }} as avg_review_latency_ms,
        {{ round_ratio('approved_decisions', 'decisions', 4) }} as acceptance_rate,
        {{ round_ratio('overridden_decisions', 'decisions', 4) }} as override_frequency,
        -- both factors over the same denominator, as one fraction
        {{ round_ratio(
            '(declined_decisions * (decisions - overridden_decisions))', '(decisions * decisions)', 4
        ) }} as handoff_friction_score,
        override_timeline,

        -- sums and unrounded values
        decisions,
        approved_decisions,
        timed_decisions,
        overrides,
        {{ ratio('total_latency_us', '(1000 * timed_decisions)') }} as avg_review_latency_ms_unrounded,
        {{ ratio('approved_decisions', 'decisions') }} as acceptance_rate_unrounded,
        {{ ratio('overridden_decisions', 'decisions') }} as override_frequency_unrounded,
        {{ ratio(
            '(declined_decisions * (decisions - overridden_decisions))', '(decisions * decisions)'
        ) }} as handoff_friction_score_unrounded
        {%- if percentiles %},
        {{ percentile_columns('review_latency', 'ms', 'latency_us_percentiles') }}
        {%- endif %}
    from counted

)

-- Readers of documents take orgs in this order, a few at a time.
select * from final
order by {{ by }}
{%- endmacro %}
