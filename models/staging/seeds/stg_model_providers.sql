with

lines as (

    {{ seed_lines('model_providers', ['prefix', 'provider']) }}

),

cleaned as (

    select
        {{ model_name('prefix') }} as prefix,
        {{ clean_name('provider') }} as provider,
        line,
        file,
        line_number,
        is_own
    from lines

),

numbered as (

    {{ numbered_lines('cleaned', ['prefix']) }}

),

checked as (

    select
        *,
        case
            when prefix is null or prefix = '' then 'has no prefix'
            when prefix like '%*%' then 'has a * in its prefix: leave it out, a prefix is how names begin'
            when provider is null or provider = '' then 'has no provider'
            when line_of_key > 1 then 'repeats the prefix ' || prefix
        end as problem
    from numbered

),

final as (

    select
        -- text
        prefix,
        provider,
        line,
        file,
        problem,

        -- numerics
        line_number,

        -- booleans
        problem is null and preference = 1 as is_in_use
    from checked

)

select * from final
