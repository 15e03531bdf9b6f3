-- The CTEs up to `timelines`: the overrides of the window by day.
{% macro override_timelines(keys) -%}
{%- set by = keys | join(', ') -%}
overrides as (

    {{ in_window(ref('int_overrides'), 'overridden_at', keys + ['overridden_at']) }}

),

daily_overrides as (

    select
        {{ by }},
        cast(overridden_at as date) as day,
        count(*) as overrides
    from overrides
    group by {{ by }}, cast(overridden_at as date)

),

timelines as (

    select
        {{ by }},
        cast(sum(overrides) as bigint) as overrides,
        {{ ordered_list(make_struct({'date': 'day', 'count': 'overrides'}), 'day') }} as override_timeline
    from daily_overrides
    group by {{ by }}

),
{%- endmacro %}
