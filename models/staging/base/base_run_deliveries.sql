{{ config(
    unique_key='part_id',
    meta={'follows': 'landed_parts'},
    pre_hook=[
        "{{ insert_reclassified(run_keys(), run_rules()) }}",
        "{{ delete_reclassified() }}",
    ]
) }}

with

landed as (

    select * from {{ ref('landed_runs') }}

),

typed as (

    select
        {{ null_if_blank('id') }} as run_id,
        coalesce({{ null_if_blank('org_id') }}, {{ default_org() }}) as org_id,
        {{ null_if_blank('org_id') }} is not null as has_org,
        {{ null_if_blank('project_id') }} as project_id,
        {{ null_if_blank('issue_id') }} as issue_id,
        {{ null_if_blank('session_id') }} as session_id,
        {{ station_name('station') }} as station_name,
        cost_usd,
        duration_ms,
        -- without a value it is unknown; a mean of longer ones would not fit the document's 64 bits
        (not has_cost_usd or coalesce(cost_usd >= 0, false))
        and (not has_duration_ms or coalesce(duration_ms between 0 and 9223372036854775807, false)) as has_valid_measures,
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

located as (

    {{ with_station('typed') }}

),

checked as (

    select
        *,
        {{ run_rules() }} as rejected_rule
    from located

),

delivered as (

    select
        -- ids
        {% for name, columns in run_keys().items() -%}
        {{ hash_key(columns) }} as {{ name }},
        {% endfor -%}
        run_id,
        org_id,
        project_id,
        issue_id,
        session_id,

        -- text
        station_name,
        station,
        metadata,

        -- booleans
        has_org,
        has_valid_measures,

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
