-- Which issues cost most, and why.
--
-- The cost of an issue is its number of runs times what a run of it costs. Compared with the org's mean issue, which has the
-- mean number of runs at the mean cost of a run, the larger of the two factors says why it is expensive. A run of unknown
-- cost counts as 0.
-- var time_range: the window, 30d if it is not set. var top: how many issues of each org, 10.
{% set time_range = var('time_range', '30d') %}

with

-- Runs without an issue are one row of their own, so that the shares are of all cost.
issue_runs as (

    select
        org_id,
        issue_id,
        count(*) as runs,
        coalesce(sum(cost_usd), 0) as cost_usd
    from {{ ref('counted_runs') }}
    where time_range = '{{ time_range }}'
    group by org_id, issue_id

),

station_costs as (

    select
        org_id,
        issue_id,
        station,
        coalesce(sum(cost_usd), 0) as cost_usd,
        row_number() over (partition by org_id, issue_id order by coalesce(sum(cost_usd), 0) desc, station asc) as place
    from {{ ref('counted_runs') }}
    where time_range = '{{ time_range }}'
    group by org_id, issue_id, station

),

issue_reworks as (

    select
        org_id,
        issue_id,
        count(*) as reworks
    from {{ ref('counted_outcomes') }}
    where
        time_range = '{{ time_range }}'
        and counts_in_total_reworks
    group by org_id, issue_id

),

compared as (

    select
        *,
        cost_usd / runs as cost_per_run_usd,
        sum(cost_usd) over (partition by org_id) as org_cost_usd,
        sum(runs) over (partition by org_id) / cast(count(*) over (partition by org_id) as double) as mean_runs,
        sum(cost_usd) over (partition by org_id) / sum(runs) over (partition by org_id) as mean_cost_per_run_usd,
        row_number() over (partition by org_id order by cost_usd desc, issue_id asc) as cost_rank
    from issue_runs

),

final as (

    select
        compared.org_id,
        compared.cost_rank,
        compared.issue_id,
        round(compared.cost_usd, 4) as cost_usd,
        round(100 * compared.cost_usd / nullif(compared.org_cost_usd, 0), 1) as share_of_cost_pct,
        round(compared.org_cost_usd, 4) as org_cost_usd,
        compared.runs,
        round(compared.runs / compared.mean_runs, 2) as times_mean_runs,
        round(compared.cost_per_run_usd / nullif(compared.mean_cost_per_run_usd, 0), 2) as times_mean_cost_per_run,
        coalesce(issue_reworks.reworks, 0) as reworks,
        station_costs.station as costliest_station,
        round(100 * station_costs.cost_usd / nullif(compared.cost_usd, 0), 1) as costliest_station_pct,
        case
            when compared.issue_id is null then 'runs that name no issue'
            when
                compared.runs / compared.mean_runs < compared.cost_per_run_usd / nullif(compared.mean_cost_per_run_usd, 0)
                then 'expensive runs'
            when issue_reworks.reworks > 0 then 'many runs, after rework'
            else 'many runs'
        end as why
    from compared
    inner join station_costs
        on compared.org_id = station_costs.org_id
        and compared.issue_id is not distinct from station_costs.issue_id
        and station_costs.place = 1
    left join issue_reworks
        on compared.org_id = issue_reworks.org_id
        and compared.issue_id = issue_reworks.issue_id
    where compared.cost_rank <= {{ var('top', 10) }}

)

select * from final
order by org_id, cost_rank
