{% set keys = ['org_id', 'project_id'] %}

with

handoffs as (

    {{ computed_ranges(handoff_metrics, keys) }}

),

final as (

    {{ rows_by_day('handoffs', 'override_timeline', 'count', keys) }}

)

select * from final
