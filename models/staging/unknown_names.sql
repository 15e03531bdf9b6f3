{{ config(materialized='table') }}

with

-- A row for each that has the name.
names as (

    {% for rows in [ref('base_event_deliveries'), ref('base_run_deliveries')] -%}
    select
        'station' as kind,
        station_name as name,
        'station_aliases' as seed
    from {{ rows }}
    where rejected_rule = 'unknown_station' and withdrawn_batch_id is null and station_name is not null

    union all

    {% endfor -%}
    select
        'station' as kind,
        station_name as name,
        'station_aliases' as seed
    from {{ ref('int_event_runs') }}
    where rejected_rule = 'unknown_station' and station_name is not null

    union all

    select
        'price' as kind,
        model as name,
        'model_prices' as seed
    from {{ ref('int_runs') }}
    where
        cost_source = 'unknown' and counts_until is null and model is not null
        -- without tokens a price would not help
        and coalesce(input_tokens, output_tokens, cache_read_tokens, cache_write_tokens) is not null

    union all

    select
        'provider' as kind,
        model as name,
        'model_providers' as seed
    from {{ ref('int_event_runs') }}
    where rejected_rule is null and provider = 'unknown' and counts_until is null and model is not null

),

counted as (

    select
        kind,
        name,
        count(*) as row_count,
        {{ csv_field('name') }} || case kind
            when 'station' then ',<station>,'
            when 'price' then ',<first day>,,<input>,<output>,<cache read>,<cache write>'
            else ',<provider>'
        end as line_to_add,
        {{ dbt.string_literal(dbt.escape_single_quotes(var('seeds_path') or '<seeds_path>')) }}
        || '/' || seed || '.csv' as file
    from names
    group by kind, name, seed

),

final as (

    select
        -- text
        kind,
        name,
        line_to_add,
        file,
        case kind
            when 'station' then 'unknown station '
            when 'price' then 'no price for the model '
            else 'unknown provider of the model '
        end || name || ' (' || cast(row_count as {{ dbt.type_string() }}) || ' rows): add a line to ' || file || ': '
        || line_to_add as advice,

        -- numerics
        row_count
    from counted

)

select * from final
