{{ config(unique_key='part_id', meta={'follows': 'landed_parts'}) }}

with

landed as (

    select * from {{ ref('landed_runs') }}

),

typed as (

    select
        {{ null_if_blank('id') }} as run_id,
        {{ null_if_blank('org_id') }} as org_id,
        {{ null_if_blank('project_id') }} as project_id,
        {{ null_if_blank('issue_id') }} as issue_id,
        {{ null_if_blank('session_id') }} as session_id,
        {{ clean_name('station') }} as station,
        cost_usd,
        has_cost_usd,
        duration_ms,
        has_duration_ms,
        {{ in_calendar('recorded_at') }} as recorded_at,
        {{ in_calendar('ingested_at') }} as ingested_at,
        {{ json_object_or_empty('metadata') }} as metadata,
        is_readable,
        line,
        raw_row,
        origin,
        part_id
    from landed

),

checked as (

    select
        *,
        case
            when not is_readable then 'unreadable'
            when run_id is null then 'missing_id'
            when org_id is null then 'missing_org'
            when recorded_at is null or ingested_at is null then 'invalid_timestamp'
            when recorded_at > {{ plus_hours('ingested_at', 24) }} then 'future_timestamp'
            when metadata is null then 'invalid_payload'
            when session_id is null then 'missing_subject'
            when station is null or station not in ({{ quoted(stations()) }}) then 'unknown_station'
            -- without a value, it is unknown
            when has_cost_usd and (cost_usd is null or cost_usd < 0) then 'invalid_measure'
            -- a mean of more would not fit the document's 64 bits
            when has_duration_ms and (duration_ms is null or duration_ms not between 0 and 9223372036854775807)
                then 'invalid_measure'
        end as rejected_rule
    from typed

),

delivered as (

    select
        -- ids
        {{ hash_key(['org_id', 'run_id']) }} as run_key,
        {{ hash_key(['org_id', 'session_id']) }} as session_key,
        run_id,
        org_id,
        project_id,
        issue_id,
        session_id,

        -- text
        station,
        metadata,

        -- numerics
        cost_usd,
        duration_ms,

        -- timestamps
        recorded_at,
        ingested_at,

        -- how it was delivered
        part_id,
        origin,
        rejected_rule,
        case when rejected_rule is not null then coalesce(line, {{ row_as_json('raw_row') }}) end as record
    from checked

),

{{ delivered_in_batches('delivered', 'factory_metrics') }}

select * from final
