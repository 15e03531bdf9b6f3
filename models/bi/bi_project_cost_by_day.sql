{% set keys = ['org_id', 'project_id'] %}

with

costs as (

    {{ computed_ranges(cost_metrics, keys) }}

),

final as (

    {{ cost_by_day_rows('costs', keys) }}

)

select * from final
