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

),

{% endfor %}

sums as (

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
        cost.avg_cost_per_issue_unrounded,
        {{ list_total('cost.cost_per_station_unrounded', 'cost') }} as avg_cost_by_station,
        {% for count in cost_run_counts() -%}
        aggregate.{{ count }},
        cost.{{ count }} as cost_{{ count }},
        coalesce(providers.{{ count }}, 0) as provider_{{ count }},
        {% endfor -%}
        coalesce(providers.total_runs, 0) as total_runs
    from {{ ref('aggregate_' ~ days ~ 'd') }} as aggregate
    full outer join {{ ref('cost_' ~ days ~ 'd') }} as cost on aggregate.org_id = cost.org_id
    full outer join {{ ref('phase_' ~ days ~ 'd') }} as phase on aggregate.org_id = phase.org_id
    left join providers_{{ days }}d as providers on aggregate.org_id = providers.org_id
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select *
from sums
where
    by_day is distinct from total_cost_unrounded
    or by_dated_day is distinct from total_cost_unrounded
    or by_station is distinct from total_cost_unrounded
    or by_phase is distinct from total_cost_unrounded
    or by_provider is distinct from total_cost_unrounded
    or total_runs != {{ cost_run_counts() | join(' + ') }}
    {% for count in cost_run_counts() -%}
    or cost_{{ count }} is distinct from {{ count }}
    or provider_{{ count }} != {{ count }}
    {% endfor -%}
    or abs(avg_cost_by_station - avg_cost_per_issue_unrounded) > 1e-9 * avg_cost_per_issue_unrounded
