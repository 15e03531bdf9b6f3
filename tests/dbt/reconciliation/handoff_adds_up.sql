-- The rows of `counted_reviews` and `counted_overrides` add up to every number of the handoff marts.
with

marts as (

    {{ all_ranges('handoff') }}

),

mart_days as (

    {{ list_items('marts', ['org_id', 'time_range'], {'day': 'override_timeline'}) }}

),

published as (

    {{ as_numbers('marts', {
        'avg_review_latency_ms': 'avg_review_latency_ms',
        'acceptance_rate': 'acceptance_rate',
        'override_frequency': 'override_frequency',
        'handoff_friction_score': 'handoff_friction_score',
        'decisions': 'decisions',
        'approved_decisions': 'approved_decisions',
        'timed_decisions': 'timed_decisions',
        'overrides': 'overrides',
        'avg_review_latency_ms_unrounded': 'avg_review_latency_ms_unrounded',
        'acceptance_rate_unrounded': 'acceptance_rate_unrounded',
        'override_frequency_unrounded': 'override_frequency_unrounded',
        'handoff_friction_score_unrounded': 'handoff_friction_score_unrounded',
    }, decimals={
        'avg_review_latency_ms': 0, 'acceptance_rate': 4, 'override_frequency': 4, 'handoff_friction_score': 4,
    }) }}
    union all
    {{ as_numbers('mart_days', {'override_timeline': 'day.count'}, part='day.date') }}

),

days as (

    select
        org_id,
        time_range,
        overridden_on,
        count(*) as overrides
    from {{ ref('counted_overrides') }}
    group by org_id, time_range, overridden_on

),

overrides as (

    select
        org_id,
        time_range,
        sum(overrides) as overrides
    from days
    group by org_id, time_range

),

reviews as (

    select
        org_id,
        time_range,
        count(*) as decisions,
        count(case when is_approved then 1 end) as approved_decisions,
        count(case when counts_in_review_latency then 1 end) as timed_decisions,
        avg(case when counts_in_review_latency then latency_us end) / 1000 as latency_ms
    from {{ ref('counted_reviews') }}
    group by org_id, time_range

),

rates as (

    select
        reviews.*,
        cast(reviews.approved_decisions as double) / reviews.decisions as acceptance_rate,
        least(1, coalesce(cast(overrides.overrides as double), 0) / reviews.decisions) as override_frequency
    from reviews
    left join overrides
        on reviews.org_id = overrides.org_id
        and reviews.time_range = overrides.time_range

),

counted as (

    {{ as_numbers('rates', {
        'avg_review_latency_ms': 'latency_ms',
        'acceptance_rate': 'acceptance_rate',
        'override_frequency': 'override_frequency',
        'handoff_friction_score': '(1 - acceptance_rate) * (1 - override_frequency)',
        'decisions': 'decisions',
        'approved_decisions': 'approved_decisions',
        'timed_decisions': 'timed_decisions',
        'avg_review_latency_ms_unrounded': 'latency_ms',
        'acceptance_rate_unrounded': 'acceptance_rate',
        'override_frequency_unrounded': 'override_frequency',
        'handoff_friction_score_unrounded': '(1 - acceptance_rate) * (1 - override_frequency)',
    }) }}
    union all
    {{ as_numbers('overrides', {'overrides': 'overrides'}) }}
    union all
    {{ as_numbers('days', {'override_timeline': 'overrides'}, part='overridden_on') }}

)

{{ unexplained_numbers() }}
