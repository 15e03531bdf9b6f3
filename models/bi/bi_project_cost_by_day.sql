{% set keys = ['org_id', 'project_id'] %}

with

costs as (

    {{ computed_ranges(cost_metrics, keys) }}

),

final as (

    {{ rows_by_day('costs', 'cost_trend', 'cost', keys) }}

)

select * from final
