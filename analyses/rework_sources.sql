-- Where rework comes from: which station sends work back, to which one, and whose agents reported it.
--
-- One row per org, station, station that the work goes back to, and provider. The rate is the station's: of its exits in the
-- window, forward or in rework, those in rework; with few exits it says little. Time lost is the length of the visits that
-- ended so. A rework of an issue that was in no station has neither.
-- var time_range: the window, 30d if it is not set.
{% set time_range = var('time_range', '30d') %}

with

reworks as (

    select
        org_id,
        station_before,
        station_after,
        coalesce(provider, 'none') as provider,
        count(*) as reworks,
        count(distinct issue_id) as issues
    from {{ ref('counted_outcomes') }}
    where
        time_range = '{{ time_range }}'
        and counts_in_total_reworks
    group by org_id, station_before, station_after, coalesce(provider, 'none')

),

station_exits as (

    select
        org_id,
        station,
        count(*) as exits,
        count(case when ending = 'rework' then 1 end) as rework_exits,
        cast(sum(case when ending = 'rework' then duration_us else 0 end) as double) / 3600000000 as hours_lost
    from {{ ref('counted_visits') }}
    where time_range = '{{ time_range }}'
    group by org_id, station

),

final as (

    select
        reworks.org_id,
        reworks.station_before as found_at,
        reworks.station_after as sent_back_to,
        reworks.provider,
        reworks.reworks,
        round(
            100.0 * reworks.reworks / sum(reworks.reworks) over (partition by reworks.org_id), 1
        ) as share_of_reworks_pct,
        reworks.issues,
        coalesce(station_exits.exits, 0) as station_exits,
        round(100.0 * station_exits.rework_exits / station_exits.exits, 1) as station_rework_rate_pct,
        round(coalesce(station_exits.hours_lost, 0), 1) as station_hours_lost
    from reworks
    left join station_exits
        on reworks.org_id = station_exits.org_id
        and reworks.station_before = station_exits.station

)

select * from final
order by org_id asc, reworks desc, found_at asc, sent_back_to asc, provider asc
