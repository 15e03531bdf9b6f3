with

reporting_window as (

    {{ reporting_windows() }}

),

exits as (

    {{ exits(['org_id'], ['project_id', 'entry_event_id', 'entered_at', 'left_at'], ['time_range']) }}

),

-- An issue may have left a station more than once: its last forward exit stands for it in throughput, its last exit in
-- yield.
numbered as (

    select
        *,
        row_number() over (
            partition by org_id, time_range, station, issue_id, ending order by left_at desc, entry_event_id desc
        ) as place_of_its_ending,
        row_number() over (
            partition by org_id, time_range, station, issue_id order by left_at desc, entry_event_id desc
        ) as place,
        max(case when ending = 'forward' then 1 else 0 end) over (
            partition by org_id, time_range, station, issue_id
        ) as has_forward_exit,
        max(case when ending = 'rework' then 1 else 0 end) over (
            partition by org_id, time_range, station, issue_id
        ) as has_rework_exit
    from exits

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
        ending,

        -- numerics
        duration_us,

        -- booleans
        has_rework_exit = 0 as is_first_pass,
        ending = 'forward' and place_of_its_ending = 1 as counts_in_throughput,
        place = 1 as counts_in_yield,
        has_forward_exit = 1 as counts_in_phase_cycle_time,

        -- timestamps
        entered_at,
        left_at
    from numbered

)

select * from final
