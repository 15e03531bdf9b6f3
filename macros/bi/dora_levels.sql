-- How well a factory delivers, in the four levels of DORA.


-- The DORA level of each of the four metrics that a devops view has as numbers, and of all of them.
{% macro dora_levels_of(devops_view, keys) -%}
{%- set metrics = ['deployments_per_day', 'lead_time_ms', 'change_failure_pct', 'recovery_time_ms'] -%}
{%- set by = keys + ['time_range', 'as_of', 'window_start'] -%}
with

operations as (

    select * from {{ ref(devops_view) }}

),

measures as (

    {% for metric in metrics -%}
    select
        {{ by | join(', ') }},
        '{{ metric }}' as metric,
        {{ metric }} as measure
    from operations
    {{- '\n    union all\n    ' if not loop.last }}
    {%- endfor %}

),

-- What has no value, as there was no change or no incident, has no level; nor has a frequency of 0.
levels as (

    select
        {{ columns_of('measures', by) }},
        measures.metric,
        thresholds.level_position
    from measures
    left join {{ ref('dora_levels') }} as thresholds
        on measures.metric = thresholds.metric
        and measures.measure > thresholds.above
        and measures.measure <= thresholds.up_to

),

positions as (

    select
        {% for metric in metrics -%}
        max(case when metric = '{{ metric }}' then level_position end) as {{ metric }}_position,
        {% endfor -%}
        max(level_position) as dora_position,
        {{ by | join(', ') }}
    from levels
    group by {{ by | join(', ') }}

),

final as (

    select
        -- keys and window
        {{ by | join(', ') }},

        -- levels
        {{ dora_level('deployments_per_day_position') }} as deployment_frequency_level,
        {{ dora_level('lead_time_ms_position') }} as lead_time_level,
        {{ dora_level('change_failure_pct_position') }} as change_failure_level,
        {{ dora_level('recovery_time_ms_position') }} as recovery_time_level,
        case
            when deployments_per_day_position is not null then {{ dora_level('dora_position') }}
        end as dora_level
    from positions

)

select * from final
{%- endmacro %}


-- The name of a level by its position, 1 to 4.
{% macro dora_level(position) -%}
    case {{ position }} when 1 then 'elite' when 2 then 'high' when 3 then 'medium' when 4 then 'low' end
{%- endmacro %}
