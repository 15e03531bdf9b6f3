{{ config(unique_key='org_id', meta={'follows': 'redelivered_events'}) }}
{% set changed = changed_events_of('org_id, occurred_at') %}

with

{% if changed is not none -%}
-- Only what happened before all that is known of an org, or at the same instant, can change when its log begins.
changed_orgs as (

    select distinct changes.org_id
    from ({{ changed }}) as changes
    left join {{ this }} as known on changes.org_id = known.org_id
    where known.first_event_at is null or changes.occurred_at <= known.first_event_at

),

{% endif -%}
final as (

    {% if changed is not none -%}
    select
        changed_orgs.org_id,
        min(events.occurred_at) as first_event_at
    from changed_orgs
    left join ({{ staged_events('org_id in (select changed_orgs.org_id from changed_orgs)') }}) as events
        on changed_orgs.org_id = events.org_id
    group by changed_orgs.org_id
    {%- else -%}
    select
        org_id,
        min(occurred_at) as first_event_at
    from {{ ref('stg_events') }}
    group by org_id
    {%- endif %}

)

select * from final
