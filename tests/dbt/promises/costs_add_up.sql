-- Every split of an org's cost adds up to the whole, before rounding: by day, by station, by provider, and across
-- marts; and every run's cost is from somewhere. A join that loses a day, a station or a provider shows here.
with

{% for days in var('time_ranges') %}
providers_{{ days }}d as (

    select
        org_id,
        {% for count in cost_run_counts() -%}
        sum({{ count }}) as {{ count }},
        {% endfor -%}
        sum(total_runs) as total_runs,
        sum(total_cost) as total_cost
    from {{ ref('provider_' ~ days ~ 'd') }}
    group by org_id

){{ ',' if not loop.last }}

{% endfor %}

{% for days in var('time_ranges') %}
select
    aggregate.org_id,
    {{ days }} as days,
    aggregate.total_cost_unrounded,
    {{ list_total('aggregate.cost_trend_unrounded') }} as by_day,
    {{ list_total('cost.cost_trend_unrounded', 'cost') }} as by_dated_day,
    {{ list_total('cost.cost_per_station_unrounded', 'total_cost') }} as by_station,
    {{ list_total('phase.phases_unrounded', 'total_cost') }} as by_phase,
    coalesce(providers.total_cost, 0) as by_provider,
    coalesce(providers.total_runs, 0) as total_runs
from {{ ref('aggregate_' ~ days ~ 'd') }} as aggregate
full outer join {{ ref('cost_' ~ days ~ 'd') }} as cost on aggregate.org_id = cost.org_id
full outer join {{ ref('phase_' ~ days ~ 'd') }} as phase on aggregate.org_id = phase.org_id
left join providers_{{ days }}d as providers on aggregate.org_id = providers.org_id
where
    by_day is distinct from aggregate.total_cost_unrounded
    or by_dated_day is distinct from aggregate.total_cost_unrounded
    or by_station is distinct from aggregate.total_cost_unrounded
    or by_phase is distinct from aggregate.total_cost_unrounded
    or by_provider is distinct from aggregate.total_cost_unrounded
    or total_runs != {% for count in cost_run_counts() %}aggregate.{{ count }}{{ ' + ' if not loop.last }}{% endfor %}
    {% for count in cost_run_counts() -%}
    or cost.{{ count }} is distinct from aggregate.{{ count }}
    or coalesce(providers.{{ count }}, 0) != aggregate.{{ count }}
    {% endfor -%}
    or abs(
        {{ list_total('cost.cost_per_station_unrounded', 'cost') }}
        - cost.avg_cost_per_issue_unrounded
    ) > 1e-9 * cost.avg_cost_per_issue_unrounded
{{ 'union all' if not loop.last }}
{% endfor %}
