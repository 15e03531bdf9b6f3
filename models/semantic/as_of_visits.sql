with

-- What the as-of knows of each visit: one that ends after it is open.
visits as (

    select
        visits.entry_event_id,
        visits.org_id,
        visits.project_id,
        visits.issue_id,
        visits.station,
        clock.as_of,
        visits.entered_at,
        case when visits.left_at <= clock.as_of then visits.ending end as ending,
        case when visits.left_at <= clock.as_of then visits.duration_us end as duration_us,
        case when visits.left_at <= clock.as_of then visits.left_at end as left_at
    from {{ ref('int_station_visits') }} as visits
    cross join {{ ref('clock') }} as clock
    where visits.entered_at <= clock.as_of

),

followed as (

    select
        *,
        max(case when ending = 'forward' then left_at end) over (
            partition by org_id, issue_id, station
        ) as last_forward_exit_at
    from visits

),

final as (

    select
        -- ids
        entry_event_id,
        org_id,
        project_id,
        {{ make_struct({'org_id': 'org_id', 'issue_id': 'issue_id'}) }} as issue,

        -- text
        station,
        ending,

        -- numerics
        duration_us,

        -- booleans
        left_at is null as is_open,
        coalesce(ending in ('forward', 'rework'), false) as is_exit,

        -- timestamps
        entered_at,
        left_at,
        -- An exit after the issue's last forward one counts in a window only if that one does.
        case
            when ending in ('forward', 'rework') and last_forward_exit_at is not null
                then {{ earlier('left_at', 'last_forward_exit_at') }}
        end as phase_left_at,
        as_of
    from followed

)

select * from final
