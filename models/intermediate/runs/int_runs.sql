{{ config(
    unique_key='session_key',
    meta={
        'follows': 'redelivered_runs',
        'changed_key': "session_key",
    }
) }}
{% set changed = changed_runs() %}

with

final as (

    select
        -- ids
        session_key,
        run_id,
        org_id,
        project_id,
        issue_id,
        session_id,

        -- text
        station,
        coalesce(nullif({{ clean_name(json_text('metadata', 'provider')) }}, ''), 'unknown') as provider,
        {{ json_text('metadata', 'model') }} as model,
        case when cost_usd is null then 'unknown' else 'reported' end as cost_source,

        -- numerics
        cost_usd,
        duration_ms,

        -- timestamps
        recorded_at,
        recorded_at as counts_from,
        cast(null as timestamp) as counts_until,
        lead(recorded_at) over (partition by org_id, session_id order by recorded_at, run_id) as superseded_at
    from {{ runs_to_compute('session_key', changed) }}

)

-- By time, so that a window need not read all.
select * from final
order by recorded_at
