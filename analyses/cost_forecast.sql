-- What the next days will cost, if the factory goes on as in the last eight weeks.
--
-- A day is expected to cost the mean of the same weekday over those weeks. The 80% interval has two parts: how much single days
-- differ from the mean of their weekday, and that each mean is of few days. It takes days for independent, so for totals over
-- weeks of growth or decline it is too narrow: `level_change_pct` (last four weeks against the four before) says whether the
-- level moves, and `backtest_error_pct` by how much the same method, four weeks ago, was off for the four weeks since. The day
-- of the as-of is not over, and is forecast, not used. Orgs that are younger than four weeks have no forecast.
-- var forecast_days: how many days, 30 if it is not set.
{% set weeks = 8 %}
{% set z = 1.2816 %}

with

clock as (

    select
        as_of,
        cast(as_of as date) as today
    from {{ ref('clock') }}

),

numbers as (

    {{ dbt.generate_series(84) }}

),

steps as (

    {{ dbt.generate_series(var('forecast_days', 30)) }}

),

daily_costs as (

    select
        org_id,
        recorded_on,
        sum(cost_usd) as cost_usd
    from {{ ref('counted_runs') }}
    where time_range = '90d'
    group by org_id, recorded_on

),

-- Whole days, 1 being yesterday; equal remainders by 7 are the same weekday.
days as (

    select
        orgs.org_id,
        numbers.generated_number as days_ago,
        numbers.generated_number % 7 as weekday,
        coalesce(daily_costs.cost_usd, 0) as cost_usd
    from {{ ref('int_orgs') }} as orgs
    cross join clock
    cross join numbers
    left join daily_costs
        on orgs.org_id = daily_costs.org_id
        and daily_costs.recorded_on
        = cast({{ plus_days('clock.today', '-numbers.generated_number') }} as date)
    where cast(orgs.first_seen_at as date) < {{ plus_days('clock.today', '-numbers.generated_number') }}

),

weekdays as (

    select
        org_id,
        weekday,
        count(*) as days,
        avg(cost_usd) as mean_usd
    from days
    where days_ago <= {{ 7 * weeks }}
    group by org_id, weekday

),

spreads as (

    select
        days.org_id,
        sqrt(sum(power(days.cost_usd - weekdays.mean_usd, 2)) / greatest(count(*) - 7, 1)) as daily_spread_usd
    from days
    inner join weekdays
        on days.org_id = weekdays.org_id
        and days.weekday = weekdays.weekday
    where days.days_ago <= {{ 7 * weeks }}
    group by days.org_id
    having count(*) >= 28

),

-- Four weeks ago the same method had the eight weeks before, if the org is as old as that. Whole weeks have each weekday as
-- often, so what it expected is their mean.
backtests as (

    select
        org_id,
        sum(case when days_ago <= 28 then cost_usd end) as actual_usd,
        4 * 7 * avg(case when days_ago > 28 then cost_usd end) as expected_usd,
        avg(case when days_ago <= 28 then cost_usd end) as recent_mean_usd,
        avg(case when days_ago between 29 and 56 then cost_usd end) as earlier_mean_usd,
        count(*) as days
    from days
    group by org_id

),

coming as (

    select
        spreads.org_id,
        steps.generated_number as step,
        cast({{ plus_days('clock.today', 'steps.generated_number - 1') }} as date) as day,
        weekdays.mean_usd as expected_usd,
        weekdays.days as days_of_mean,
        weekdays.weekday,
        spreads.daily_spread_usd
    from spreads
    cross join clock
    cross join steps
    inner join weekdays
        on spreads.org_id = weekdays.org_id
        -- the day of the as-of is 0 days ago
        and (7 - (steps.generated_number - 1) % 7) % 7 = weekdays.weekday

),

-- The error of a weekday's mean is the same on all days that it is used for, so it adds up faster than single days'.
repeated as (

    select
        *,
        row_number() over (partition by org_id, weekday order by step) as use_of_mean
    from coming

),

cumulated as (

    select
        *,
        sum(expected_usd) over (partition by org_id order by step rows unbounded preceding) as total_usd,
        sum(1 + (2 * use_of_mean - 1) / cast(days_of_mean as double)) over (
            partition by org_id order by step rows unbounded preceding
        ) as total_variances
    from repeated

),

final as (

    select
        cumulated.org_id,
        cumulated.day,
        round(cumulated.expected_usd, 4) as expected_usd,
        round(greatest(
            0, cumulated.expected_usd - {{ z }} * cumulated.daily_spread_usd * sqrt(1 + 1.0 / cumulated.days_of_mean)
        ), 4) as low_usd,
        round(
            cumulated.expected_usd + {{ z }} * cumulated.daily_spread_usd * sqrt(1 + 1.0 / cumulated.days_of_mean), 4
        ) as high_usd,
        round(cumulated.total_usd, 4) as total_usd,
        round(greatest(
            0, cumulated.total_usd - {{ z }} * cumulated.daily_spread_usd * sqrt(cumulated.total_variances)
        ), 4) as total_low_usd,
        round(cumulated.total_usd + {{ z }} * cumulated.daily_spread_usd * sqrt(cumulated.total_variances), 4)
            as total_high_usd,
        round(100 * (backtests.recent_mean_usd / nullif(backtests.earlier_mean_usd, 0) - 1), 1) as level_change_pct,
        case
            when backtests.days = 84
                then round(100 * (backtests.expected_usd / nullif(backtests.actual_usd, 0) - 1), 1)
        end as backtest_error_pct
    from cumulated
    inner join backtests on cumulated.org_id = backtests.org_id

)

select * from final
order by org_id, day
