{% set keys = ['org_id', 'project_id'] %}

with

handoffs as (

    {% call(days) each_range() -%}
    {{ handoff_metrics(days, keys=keys) }}
    {%- endcall %}

),

final as (

    {{ overrides_by_day_rows('handoffs', keys) }}

)

select * from final
