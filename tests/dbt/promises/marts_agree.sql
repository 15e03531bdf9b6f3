-- The same number computed by two metric types is the same: issues, throughput, rework, time. Each has a query of its
-- own, so a definition that drifts apart in one of them shows here.
with

{% for days in var('time_ranges') %}
stations_{{ days }}d as (

    select
        org_id,
        sum(throughput) as throughput,
        sum(reworked_issues) as reworked_issues
    from {{ ref('station_' ~ days ~ 'd') }}
    group by org_id

){{ ',' if not loop.last }}

{% endfor %}

{% for days in var('time_ranges') %}
select
    aggregate.org_id,
    {{ days }} as days
from {{ ref('aggregate_' ~ days ~ 'd') }} as aggregate
left join {{ ref('cost_' ~ days ~ 'd') }} as cost on aggregate.org_id = cost.org_id
left join {{ ref('phase_' ~ days ~ 'd') }} as phase on aggregate.org_id = phase.org_id
left join stations_{{ days }}d as stations on aggregate.org_id = stations.org_id
where
    aggregate.total_issues is distinct from cost.total_issues
    or aggregate.total_issues is distinct from phase.total_completed
    or aggregate.total_issues is distinct from coalesce(
        {{ list_total('phase.escalation_distribution', 'count') }}, 0
    )
    or stations.throughput is distinct from {{ list_total('phase.phases', 'throughput') }}
    or stations.reworked_issues > phase.total_reworks
{{ 'union all' if not loop.last }}
{% endfor %}
