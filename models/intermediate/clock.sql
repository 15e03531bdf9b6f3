{{ config(materialized='table') }}
{% set as_of = env_var('FACTORY_AS_OF', '') or var('as_of') or (var('demo_as_of') if is_demo()) %}

with

-- UTC, without a zone, as all timestamps here are.
final as (

    select
            {% if as_of -%}
        cast('{{ utc_instant(as_of) }}' as timestamp) as as_of
        {%- else -%}
        cast({{ dbt.current_timestamp() }} as timestamp) as as_of
        {%- endif %}

)

select * from final
