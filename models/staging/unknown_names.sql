{{ config(materialized='table') }}
{% set kinds = token_kinds() | list %}
{# most names of a kind that a run prints #}
{% set most = 20 %}

with

-- Runs whose cost a price would tell, and the line of prices that holds for them, if there is one. Where no kind of their
-- tokens lacks a price there, the cost is larger than costs can be.
unpriced as (

    select
        runs.model,
        runs.price_name,
        {% for kind in kinds -%}
        coalesce(runs.{{ kind }}_tokens, 0) > 0 and lines.{{ kind }} is null as lacks_{{ kind }},
        {% endfor -%}
        lines.line,
        lines.line_number,
        lines.file
    from {{ ref('int_runs') }} as runs
    left join {{ ref('stg_model_prices') }} as lines
        on lines.is_in_use and runs.price_name = lines.price_name
    where
        runs.cost_source = 'unknown' and runs.counts_until is null
        -- without tokens, or with counts that are none, a price would not help
        and runs.token_counts_are_whole

),

-- A row for each that has the name.
names as (

    {% for rows in [ref('base_event_deliveries'), ref('base_run_deliveries')] -%}
    select
        'station' as kind,
        station_name as name
    from {{ rows }}
    where rejected_rule = 'unknown_station' and withdrawn_batch_id is null

    union all

    {% endfor -%}
    select
        'station' as kind,
        station_name as name
    from {{ ref('int_event_runs') }}
    where rejected_rule = 'unknown_station'

    union all

    select
        'price' as kind,
        model as name
    from unpriced
    -- no line names a model with a star in its name
    where price_name is null and model not like '%*%'

    union all

    select
        'provider' as kind,
        model as name
    from {{ ref('int_event_runs') }}
    where rejected_rule is null and provider = 'unknown' and counts_until is null

),

-- As names are compared; stations are so already.
compared as (

    select
        kind,
        case when kind = 'station' then name else {{ model_name('name') }} end as name,
        row_count
    from (
        -- first, as there are far fewer names than rows
        select
            kind,
            name,
            count(*) as row_count
        from names
        group by kind, name
    ) as distinct_names

),

counted as (

    select
        names.kind,
        names.name,
        cast(sum(names.row_count) as bigint) as row_count
    from compared as names
    where
        -- no line can be of a blank name
        names.name != ''
        -- where a line has the beginning of the name already, another one would not help
        and not (names.kind = 'provider' and exists (
            select 1 from {{ ref('stg_model_providers') }} as known
            where known.is_in_use and {{ begins_with('names.name', 'known.prefix') }}
        ))
    group by names.kind, names.name

),

advised as (

    select
        kind,
        name,
        row_count,
        {{ csv_field('name') }} || case kind
            when 'station' then ',<station>,'
            when 'price' then ',<first day>,,<input>,<output>,<cache read>,<cache write>'
            else ',<provider>'
        end as line_to_add,
        {{ sql_text(var('seeds_path') or '<seeds_path>') }} || case kind
            when 'station' then '/station_aliases.csv'
            when 'price' then '/model_prices.csv'
            else '/model_providers.csv'
        end as file,
        case kind
            when 'station' then 'unknown station '
            when 'price' then 'no price for the model '
            else 'unknown provider of the model '
        end || name as problem,
        'add a line to ' as remedy,
        '' as place
    from counted

    union all

    select
        'token_price' as kind,
        price_name as name,
        count(*) as row_count,
        line as line_to_add,
        file,
        'tokens without a price in the line for ' || price_name as problem,
        'fill in '
        || substr(
            {% for kind in kinds -%}
            max(case when lacks_{{ kind }} then ', {{ kind }}' else '' end){{ ' ||' if not loop.last }}
            {% endfor -%}
            , 3
        ) || ' in ' as remedy,
        coalesce(' line ' || cast(line_number as {{ dbt.type_string() }}), '') as place
    from unpriced
    where
        line is not null
        and ({% for kind in kinds %}lacks_{{ kind }}{{ ' or ' if not loop.last }}{% endfor %})
    group by price_name, line, file, line_number

),

numbered as (

    select
        *,
        problem || ' (' || cast(row_count as {{ dbt.type_string() }}) || ' rows): ' || remedy || file || place || ': '
        || line_to_add as advice,
        row_number() over (partition by kind order by row_count desc, name asc) as place_in_kind,
        count(*) over (partition by kind) as names_of_kind
    from advised

),

final as (

    select
        -- text
        kind,
        name,
        line_to_add,
        file,
        advice,
        case
            when place_in_kind <= {{ most }} then advice
            when place_in_kind = {{ most + 1 }}
                then 'and ' || cast(names_of_kind - {{ most }} as {{ dbt.type_string() }})
                    || ' more of the kind ' || kind || ': see the table unknown_names'
        end as summary_line,

        -- numerics
        row_count,
        row_number() over (
            order by case kind when 'station' then 1 when 'price' then 2 when 'token_price' then 3 else 4 end, place_in_kind
        ) as summary_position
    from numbered

)

select * from final
