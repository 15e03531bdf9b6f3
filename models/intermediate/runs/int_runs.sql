{{ config(
    unique_key='session_key',
    meta={
        'follows': ['redelivered_runs', 'int_event_runs'],
        'changed_key': 'session_key',
        'changed_where': 'session_id is not null',
        'settings': ['runs_from', 'model_prices'],
    }
) }}
{% set changed = changed_run_events() if runs_come_from_events() else changed_runs() %}
{% set kinds = token_kinds() | list %}

with

logged as (

    select
        session_key,
        run_id,
        org_id,
        project_id,
        issue_id,
        session_id,
        station,
        coalesce(nullif({{ clean_name(json_text('metadata', 'provider')) }}, ''), 'unknown') as provider,
        {{ null_if_blank(json_text('metadata', 'model')) }} as model,
        cost_usd,
        duration_ms,
        {{ token_counts('metadata') }},
        recorded_at,
        recorded_at as counts_from,
        cast(null as timestamp) as counts_until,
        lead(recorded_at) over (partition by org_id, session_id order by recorded_at, run_id) as superseded_at
    from {{ runs_to_compute('session_key', changed) }}
    {% if var('runs_from') == 'factory_events' -%}
    where false
    {%- endif %}

),

all_runs as (

    select * from logged

    union all

    select
        session_key,
        run_id,
        org_id,
        project_id,
        issue_id,
        session_id,
        station,
        provider,
        model,
        cost_usd,
        duration_ms,
        {{ token_columns() | join(', ') }},
        recorded_at,
        counts_from,
        counts_until,
        superseded_at
    from {{ ref('int_event_runs') }}
    where rejected_rule is null and {{ is_changed('session_key', changed) }}

),

-- Of the prices that hold on a day, the one for the longest part of the model's name counts, then the latest.
prices as (

    select
        asked.model,
        asked.recorded_on,
        lines.price_name,
        {{ columns_of('lines', kinds) }},
        row_number() over (
            partition by asked.model, asked.recorded_on
            order by length(lines.model_name) desc, lines.valid_from desc, lines.is_prefix asc
        ) as preference
    from (
        -- here, not for each pair of name and line
        select
            model,
            recorded_on,
            {{ model_name('model') }} as model_name
        from (
            select distinct
                model,
                cast(recorded_at as date) as recorded_on
            from all_runs
            where cost_usd is null and token_counts_are_whole and model is not null
        ) as distinct_models
    ) as asked
    inner join {{ ref('stg_model_prices') }} as lines
        on lines.is_in_use
        and asked.recorded_on >= lines.valid_from
        and (lines.valid_to is null or asked.recorded_on <= lines.valid_to)
        and (
            asked.model_name = lines.model_name
            or (lines.is_prefix and {{ begins_with('asked.model_name', 'lines.model_name') }})
        )

),

computed as (

    select
        all_runs.*,
        case when all_runs.cost_usd is null then prices.price_name end as price_name,
        case
            when
                all_runs.cost_usd is null and prices.model is not null
                {% for kind in kinds -%}
                and (coalesce(all_runs.{{ kind }}_tokens, 0) = 0 or prices.{{ kind }} is not null)
                {% endfor -%}
                then {{ cost_of_tokens('all_runs', 'prices', token_kinds() | list) }}
        end as computed_cost_usd
    from all_runs
    left join prices
        on all_runs.model = prices.model
        and cast(all_runs.recorded_at as date) = prices.recorded_on
        and prices.preference = 1
        and all_runs.token_counts_are_whole

),

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
        provider,
        model,
        case
            when cost_usd is not null then 'reported'
            when computed_cost_usd is not null then 'computed'
            else 'unknown'
        end as cost_source,
        price_name,

        -- booleans
        token_counts_are_whole,

        -- numerics
        coalesce(cost_usd, computed_cost_usd) as cost_usd,
        duration_ms,
        {% for kind in kinds -%}
        {{ kind }}_tokens,
        {% endfor %}
        -- timestamps
        recorded_at,
        counts_from,
        counts_until,
        superseded_at
    from computed

)

-- By time, so that a window reads only its part.
select * from final
order by recorded_at
