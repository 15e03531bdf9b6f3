-- Whose yield has fallen, beyond what chance explains.
--
-- The issues of the last 7 days (as in the 7d marts) against the 30 days before them, for the whole factory and for
-- each station. An alert is given when the 95% interval of the difference (Newcombe's, from the Wilson intervals of both) lies
-- below 0. An org has seven such comparisons, so z belongs to 5% / 7: about one org in forty has a false alert.
-- With fewer issues than var min_recent (10 if it is not set) or var min_before (20) nothing is said.
{% set z = 2.69 %}

with

recent_window as (

    {{ reporting_window(7) }}

),

-- Both as they were known at their ends: an issue that was completed in each counts in each.
reporting_window as (

    select
        'recent' as period,
        as_of,
        window_start
    from recent_window

    union all

    select
        'before' as period,
        {{ plus_microseconds('window_start', -1) }} as as_of,
        {{ plus_days('window_start', -30) }} as window_start
    from recent_window

),

issues as (

    select
        org_id,
        'all' as series,
        period,
        case when is_first_pass then 1 else 0 end as is_first_pass
    from ({{ completed_issues(['org_id'], ['is_first_pass'], ['period']) }}) as completed_issues

    union all

    select
        org_id,
        station as series,
        period,
        min(case when ending = 'forward' then 1 else 0 end) as is_first_pass
    from ({{ exits(['org_id'], of_window=['period']) }}) as exits
    group by org_id, station, period, issue_id

),

counts as (

    select
        org_id,
        series,
        period,
        cast(count(*) as double) as issues,
        avg(cast(is_first_pass as double)) as yield
    from issues
    group by org_id, series, period

),

-- Wilson's interval, from its middle and half its width.
wilson as (

    select
        *,
        (
            yield + {{ z ** 2 / 2 }} / issues
            - {{ z }} * sqrt(yield * (1 - yield) / issues + {{ z ** 2 / 4 }} / power(issues, 2))
        ) / (1 + {{ z ** 2 }} / issues) as low,
        (
            yield + {{ z ** 2 / 2 }} / issues
            + {{ z }} * sqrt(yield * (1 - yield) / issues + {{ z ** 2 / 4 }} / power(issues, 2))
        ) / (1 + {{ z ** 2 }} / issues) as high
    from counts

),

recent_yields as (

    select * from wilson
    where period = 'recent'

),

earlier_yields as (

    select * from wilson
    where period = 'before'

),

paired as (

    select
        coalesce(recent.org_id, earlier.org_id) as org_id,
        coalesce(recent.series, earlier.series) as series,
        cast(coalesce(recent.issues, 0) as bigint) as recent_issues,
        cast(coalesce(earlier.issues, 0) as bigint) as before_issues,
        recent.yield as recent_yield,
        recent.low as recent_low,
        recent.high as recent_high,
        earlier.yield as before_yield,
        earlier.low as before_low,
        earlier.high as before_high
    from recent_yields as recent
    full outer join earlier_yields as earlier
        on recent.org_id = earlier.org_id
        and recent.series = earlier.series

),

differences as (

    select
        *,
        recent_yield - before_yield as difference,
        recent_yield - before_yield
        - sqrt(power(recent_yield - recent_low, 2) + power(before_high - before_yield, 2)) as difference_low,
        recent_yield - before_yield
        + sqrt(power(recent_high - recent_yield, 2) + power(before_yield - before_low, 2)) as difference_high
    from paired

),

final as (

    select
        org_id,
        series,
        recent_issues,
        before_issues,
        round(100 * recent_yield, 1) as recent_yield_pct,
        round(100 * before_yield, 1) as before_yield_pct,
        round(100 * difference, 1) as difference_points,
        round(100 * difference_low, 1) as difference_low_points,
        round(100 * difference_high, 1) as difference_high_points,
        case
            when
                recent_issues < {{ var('min_recent', 10) }}
                or before_issues < {{ var('min_before', 20) }}
                then 'too few issues'
            when difference_high < 0 then 'alert'
            else 'no alert'
        end as verdict
    from differences

)

select * from final
order by org_id, verdict, series
