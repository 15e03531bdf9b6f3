{% set keys = ['org_id', 'project_id'] %}

with

costs as (

    {% call(days) each_range() -%}
    {{ cost_metrics(days, keys=keys) }}
    {%- endcall %}

),

final as (

    {{ cost_by_day_rows('costs', keys) }}

)

select * from final
