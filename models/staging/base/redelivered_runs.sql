with

-- Whole numbers count faster than pairs of ids. Two runs with one key both come along, and are told apart below.
repeated_keys as (

    select run_key
    from {{ ref('base_run_deliveries') }}
    where rejected_rule is null
    group by run_key
    having count(*) > 1

),

-- Deliveries of one run differ in nothing but ingested_at; where they do, the order of the rest decides.
numbered as (

    select
        accepted.*,
        count(*) over (partition by accepted.org_id, accepted.run_id) as deliveries,
        row_number() over (
            partition by accepted.org_id, accepted.run_id
            order by
                accepted.ingested_at, accepted.recorded_at, accepted.project_id, accepted.issue_id,
                accepted.session_id, accepted.station, accepted.cost_usd, accepted.duration_ms, accepted.metadata
        ) as delivery_number
    from {{ ref('base_run_deliveries') }} as accepted
    inner join repeated_keys on accepted.run_key = repeated_keys.run_key
    where accepted.rejected_rule is null

),

final as (

    select
        -- ids
        run_key,
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
        deliveries,

        -- timestamps
        recorded_at,
        ingested_at,

        -- how it was delivered
        origin
    from numbered
    where delivery_number = 1

)

select * from final
