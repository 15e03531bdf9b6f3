{{ config(unique_key='run_key', meta={'follows': 'base_run_deliveries', 'changed_key': 'run_key'}) }}
{% set changed = changed_keys([ref('base_run_deliveries')]) %}
{% set days = on_days_with(ref('base_run_deliveries'), 'true', 'run_key', changed) %}

with

-- Whole numbers count faster than pairs of ids. Two runs with one key both come along, and are told apart below.
repeated_keys as (

    select run_key
    from {{ ref('base_run_deliveries') }}
    where
        {{ days }}
        and rejected_rule is null
        and {{ is_changed('run_key', changed) }}
    group by run_key
    having count(*) > 1

),

-- Deliveries of one run differ in nothing but ingested_at; where they do, the order of the rest decides.
numbered as (

    select
        accepted.*,
        count(case when accepted.withdrawn_batch_id is null then 1 end) over (
            partition by accepted.org_id, accepted.run_id
        ) as deliveries,
        row_number() over (
            partition by accepted.org_id, accepted.run_id
            order by
                accepted.withdrawn_batch_id nulls first, accepted.ingested_at, accepted.recorded_at,
                accepted.project_id, accepted.issue_id,
                accepted.session_id, accepted.station, accepted.cost_usd, accepted.duration_ms, accepted.metadata,
                accepted.origin
        ) as delivery_number
    from {{ ref('base_run_deliveries') }} as accepted
    inner join repeated_keys on accepted.run_key = repeated_keys.run_key
    where
        {{ days }}
        and accepted.rejected_rule is null

),

final as (

    select
        -- ids
        run_key,
        session_key,
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
        case when withdrawn_batch_id is null then delivery_number end as delivery_number,

        -- timestamps
        recorded_at,
        ingested_at,

        -- how it was delivered
        origin,
        cast({{ followed_batch() }} as bigint) as batch_id
    from numbered

)

select * from final
