with

lines as (

    {{ seed_lines('station_aliases', ['alias', 'station', 'org_id']) }}

),

cleaned as (

    select
        {{ station_name('alias') }} as station_name,
        {{ null_if_blank('org_id') }} as org_id,
        {{ clean_name('station') }} as station,
        line,
        file,
        line_number,
        is_own
    from lines

),

numbered as (

    {{ numbered_lines('cleaned', ['station_name', 'org_id']) }}

),

checked as (

    select
        *,
        case
            when {{ null_if_blank('station_name') }} is null then 'has no alias'
            when station_name in ({{ quoted(stations()) }}) then 'gives a station another meaning: ' || station_name
            when station is null or station not in ({{ quoted(stations()) }})
                then 'leads to none of the six stations: ' || coalesce(station, '')
            when line_of_key > 1 then 'repeats the alias ' || station_name
        end as problem
    from numbered

),

final as (

    select
        -- ids
        station_name,
        org_id,

        -- text
        station,
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
