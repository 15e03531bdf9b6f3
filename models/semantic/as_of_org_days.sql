with

clock as (

    select
        as_of,
        {{ plus_days(dbt.date_trunc('day', 'as_of'), 1 - (var('time_ranges') | max)) }} as longest_window_start
    from {{ ref('clock') }}

),

days as (

    select
        time_spine.date_day,
        cast(time_spine.date_day as timestamp) as day_start,
        case
            when cast(time_spine.date_day as date) = cast(clock.as_of as date) then clock.as_of
            else cast({{ plus_days('time_spine.date_day', 1) }} as timestamp)
        end as day_end,
        clock.longest_window_start
    from {{ ref('time_spine') }} as time_spine
    cross join clock

),

org_days as (

    select
        orgs.org_id,
        days.date_day,
        days.day_start,
        days.day_end
    from {{ ref('int_orgs') }} as orgs
    cross join clock
    inner join days
        on days.day_end > {{ earlier('orgs.first_seen_at', 'days.longest_window_start') }}
    where orgs.first_seen_at <= clock.as_of

),

outages as (

    select
        org_id,
        opened_at as started_at,
        coalesce(resolved_at, as_of) as ended_at
    from {{ ref('as_of_incidents') }}
    where severity = 'critical' and coalesce(resolved_at, as_of) > opened_at

),

covered_outages as (

    select
        *,
        max(ended_at) over (
            partition by org_id order by started_at, ended_at
            rows between unbounded preceding and 1 preceding
        ) as covered_until
    from outages

),

-- Each outage from where the ones before it end, so that none overlap.
separate_outages as (

    select
        org_id,
        case when covered_until > started_at then covered_until else started_at end as started_at,
        ended_at
    from covered_outages
    where covered_until is null or covered_until < ended_at

),

daily_outages as (

    select
        outages.org_id,
        days.date_day,
        sum({{ microseconds_between(
            'case when outages.started_at > days.day_start then outages.started_at else days.day_start end',
            'case when outages.ended_at < days.day_end then outages.ended_at else days.day_end end'
        ) }}) as downtime_us
    from separate_outages as outages
    inner join days
        on outages.started_at < days.day_end
        and outages.ended_at > days.day_start
    group by outages.org_id, days.date_day

),

final as (

    select
        -- keys
        org_days.org_id,
        org_days.date_day,

        -- numerics
        {{ microseconds_between('org_days.day_start', 'org_days.day_end') }} as length_us,
        cast(coalesce(daily_outages.downtime_us, 0) as bigint) as downtime_us
    from org_days
    left join daily_outages
        on org_days.org_id = daily_outages.org_id
        and org_days.date_day = daily_outages.date_day

)

select * from final
