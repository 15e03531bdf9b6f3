with

sightings as (

    select min(first_seen_at) as first_seen_at
    from {{ ref('int_orgs') }}

),

-- The longest window may begin before anything was seen.
bounds as (

    select
        cast({{ earlier(
            'sightings.first_seen_at', plus_days('clock.as_of', 1 - (var('time_ranges') | max))
        ) }} as date) as first_day,
        cast(clock.as_of as date) as last_day
    from {{ ref('clock') }} as clock
    cross join sightings

),

final as (

    select {{ each_day('first_day', 'last_day') }} as date_day
    from bounds

)

select * from final
