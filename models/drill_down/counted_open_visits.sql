with

reporting_window as (

    {{ reporting_windows() }}

),

open_visits as (

    {{ open_visits(
        ['org_id', 'project_id', 'issue_id', 'entry_event_id', 'station', 'entered_at'], ['time_range', 'as_of']
    ) }}

),

final as (

    select
        -- ids
        org_id,
        time_range,
        entry_event_id,
        issue_id,
        project_id,

        -- text
        station,

        -- numerics
        {{ microseconds_between('entered_at', 'as_of') }} as age_us,

        -- timestamps
        entered_at
    from open_visits

)

select * from final
