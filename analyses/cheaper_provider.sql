-- What a cheaper provider would have saved, station by station.
--
-- Each provider's runs at a station are priced at what a run of another provider costs there. One that fails more often needs
-- more runs for the same work, so its price is raised by the ratio of the success rates. The alternative that saves most is
-- shown; none where nothing would be saved, or where too few runs tell (var min_runs, 20 if it is not set, of either).
-- Not a promise: providers may get work of different difficulty, and the success rate is over all stations.
-- Runs of unknown cost are left out.
-- var time_range: the window, 90d if it is not set.
{% set time_range = var('time_range', '90d') %}
{% set min_runs = var('min_runs', 20) %}

with

outcomes as (

    select
        org_id,
        provider,
        cast(count(case when outcome = 'completed' then 1 end) as double) / count(*) as success_rate
    from {{ ref('counted_outcomes') }}
    where
        time_range = '{{ time_range }}'
        and counts_in_success_rate
    group by org_id, provider

),

station_providers as (

    select
        runs.org_id,
        runs.station,
        runs.provider,
        count(*) as runs,
        sum(runs.cost_usd) as cost_usd,
        sum(runs.cost_usd) / count(*) as cost_per_run_usd,
        max(outcomes.success_rate) as success_rate
    from {{ ref('counted_runs') }} as runs
    left join outcomes
        on runs.org_id = outcomes.org_id
        and runs.provider = outcomes.provider
    where
        runs.time_range = '{{ time_range }}'
        and runs.cost_usd is not null
    group by runs.org_id, runs.station, runs.provider

),

alternatives as (

    select
        used.org_id,
        used.station,
        used.provider,
        other.provider as alternative,
        other.runs as alternative_runs,
        other.cost_per_run_usd as alternative_cost_per_run_usd,
        other.success_rate as alternative_success_rate,
        used.cost_usd - used.runs * other.cost_per_run_usd as saved_at_equal_success_usd,
        used.cost_usd
        - used.runs * other.cost_per_run_usd * used.success_rate / nullif(other.success_rate, 0) as saved_usd
    from station_providers as used
    inner join station_providers as other
        on used.org_id = other.org_id
        and used.station = other.station
        and used.provider != other.provider
    where
        used.runs >= {{ min_runs }}
        and other.runs >= {{ min_runs }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by org_id, station, provider order by saved_usd desc, alternative asc
        ) as place
    from alternatives
    where saved_usd > 0

),

final as (

    select
        used.org_id,
        used.station,
        used.provider,
        used.runs,
        round(used.cost_usd, 4) as cost_usd,
        round(used.cost_per_run_usd, 4) as cost_per_run_usd,
        round(100 * used.success_rate, 1) as success_rate_pct,
        ranked.alternative,
        ranked.alternative_runs,
        round(ranked.alternative_cost_per_run_usd, 4) as alternative_cost_per_run_usd,
        round(100 * ranked.alternative_success_rate, 1) as alternative_success_rate_pct,
        round(coalesce(ranked.saved_at_equal_success_usd, 0), 4) as saved_at_equal_success_usd,
        round(coalesce(ranked.saved_usd, 0), 4) as saved_usd
    from station_providers as used
    left join ranked
        on used.org_id = ranked.org_id
        and used.station = ranked.station
        and used.provider = ranked.provider
        and ranked.place = 1

)

select * from final
order by org_id asc, saved_usd desc, station asc, provider asc
