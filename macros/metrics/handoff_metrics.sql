-- Review latency, acceptance, overrides and friction of each org's handoffs over the window.
{% macro handoff_metrics(days) -%}
with

reporting_window as (

    {{ reporting_window(days) }}

),

orgs as (

    {{ reported_orgs() }}

),

decisions as (

    {{ in_window(ref('int_reviews'), 'decided_at', ['org_id', 'is_approved', 'latency_us']) }}

),

reviews as (

    select
        org_id,
        count(*) as decisions,
        count(case when is_approved then 1 end) as approved_decisions,
        count(latency_us) as timed_decisions,
        sum(latency_us) as total_latency_us
    from decisions
    group by org_id

),

overrides as (

    {{ in_window(ref('int_overrides'), 'overridden_at', ['org_id', 'overridden_at']) }}

),

daily_overrides as (

    select
        org_id,
        cast(overridden_at as date) as day,
        count(*) as overrides
    from overrides
    group by org_id, cast(overridden_at as date)

),

timelines as (

    select
        org_id,
        cast(sum(overrides) as bigint) as overrides,
        {{ ordered_list(make_struct({'date': 'day', 'count': 'overrides'}), 'day') }} as override_timeline
    from daily_overrides
    group by org_id

),

joined as (

    select
        orgs.*,
        coalesce(reviews.decisions, 0) as decisions,
        coalesce(reviews.approved_decisions, 0) as approved_decisions,
        coalesce(reviews.timed_decisions, 0) as timed_decisions,
        coalesce(reviews.total_latency_us, 0) as total_latency_us,
        coalesce(timelines.overrides, 0) as overrides,
        {{ list_or_empty('timelines.override_timeline') }} as override_timeline
    from orgs
    left join reviews on orgs.org_id = reviews.org_id
    left join timelines on orgs.org_id = timelines.org_id

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
        org_id,
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
    from counted

)

-- Readers of documents take orgs in this order, a few at a time.
select * from final
order by org_id
{%- endmacro %}
