-- The window of N days has N calendar days, all marts of it the same, and every org has its documents in all of them, once.
-- A range model that calls its macro with the wrong number of days, or a join that doubles rows, shows here.
-- `make generate` writes the types; a mart of `list_types` has several rows per org.
{% set object_types = ['aggregate', 'cost', 'handoff', 'phase', 'devops'] %}
{% set list_types = ['station', 'provider'] %}
{% for days in var('time_ranges') %}
{% for metric_type in object_types + list_types %}
select
    '{{ metric_type }}_{{ days }}d' as mart,
    orgs.org_id,
    mart.window_start
from {{ ref('int_orgs') }} as orgs
cross join {{ ref('clock') }} as clock
{{ 'left' if metric_type != 'provider' else 'inner' }} join {{ ref(metric_type ~ '_' ~ days ~ 'd') }} as mart
    on orgs.org_id = mart.org_id
where
    orgs.first_seen_at <= clock.as_of
    and (
        mart.org_id is null
        or mart.as_of != clock.as_of
        or mart.window_start != cast({{ plus_days('cast(clock.as_of as date)', 1 - days) }} as timestamp)
    )
union all
select
    '{{ metric_type }}_{{ days }}d' as mart,
    org_id,
    max(window_start) as window_start
from {{ ref(metric_type ~ '_' ~ days ~ 'd') }}
group by org_id{{ ', ' ~ metric_type if metric_type in list_types }}
having count(*) > 1
union all
{% endfor %}
select 'cost_trend of {{ days }}d' as mart, org_id, window_start
from {{ ref('aggregate_' ~ days ~ 'd') }}
where {{ list_length('cost_trend') }} != {{ days }}
{{ 'union all' if not loop.last }}
{% endfor %}
