{% set kinds = token_kinds() | list %}

with

lines as (

    {{ seed_lines('model_prices', ['model', 'valid_from', 'valid_to'] + kinds) }}

),

cleaned as (

    select
        {{ model_name('model') }} as model_pattern,
        {{ parse_date('valid_from') }} as valid_from,
        {{ parse_date('valid_to') }} as valid_to,
        {{ null_if_blank('valid_to') }} is not null as has_end,
        {% for kind in kinds -%}
        {{ parse_measure(kind) }} as {{ kind }},
        {{ null_if_blank(kind) }} is not null as has_{{ kind }},
        {% endfor -%}
        line,
        file,
        line_number,
        is_own
    from lines

),

numbered as (

    {{ numbered_lines('cleaned', ['model_pattern', 'valid_from']) }}

),

checked as (

    select
        *,
        case
            when model_pattern is null or model_pattern in ('', '*') then 'has no model'
            when replace(model_pattern, '*', '') || '*' not in (model_pattern, model_pattern || '*')
                then 'has a * that is not at the end of its model'
            when valid_from is null then 'has no first day (valid_from) of the form 2026-01-31'
            when has_end and valid_to is null then 'has a last day (valid_to) that is not of the form 2026-01-31'
            when valid_to < valid_from then 'ends before it begins'
            {% for kind in kinds -%}
            -- more would not fit what costs are computed in
            when has_{{ kind }} and ({{ kind }} is null or {{ kind }} > 1000000000)
                then 'has a price that is no number from 0 to 1000000000: {{ kind }}'
            {% endfor -%}
            when line_of_key > 1 then 'repeats a model and first day'
        end as problem
    from numbered

),

final as (

    select
        -- text
        replace(model_pattern, '*', '') as model_name,
        model_pattern || ' from ' || cast(valid_from as {{ dbt.type_string() }}) as price_name,
        line,
        file,
        problem,

        -- numerics
        {% for kind in kinds -%}
        {{ kind }},
        {% endfor -%}
        line_number,

        -- booleans
        model_pattern like '%*' as is_prefix,
        problem is null and preference = 1 as is_in_use,

        -- dates
        valid_from,
        valid_to
    from checked

)

select * from final
