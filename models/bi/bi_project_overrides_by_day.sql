{% set keys = ['org_id', 'project_id'] %}

with

handoffs as (

    {{ computed_ranges(handoff_metrics, keys) }}

),

final as (

    {{ overrides_by_day_rows('handoffs', keys) }}

)

select * from final
