{{ config(
    unique_key='session_key',
    meta={
        'follows': ['int_run_events', 'redelivered_runs'],
        'changed_key': 'session_key',
        'changed_where': 'session_id is not null',
        'settings': ['runs_from', 'model_providers'],
    }
) }}
{% set changed = changed_run_events() %}
{% set taken = ['provider', 'model', 'duration_ms'] + token_columns() %}

with

told as (

    select * from {{ ref('int_run_events') }}
    where {{ is_changed('session_key', changed) }}

),

-- A session that the log of runs knows has no runs from events from then on.
logged as (

    {% if var('runs_from') == 'both' -%}
    select
        org_id,
        session_id,
        min(recorded_at) as first_recorded_at
    from {{ runs_to_compute('session_key', changed) }}
    group by org_id, session_id
    {%- else -%}
    -- not even looked for
    select
        org_id,
        session_id,
        cast(null as timestamp) as first_recorded_at
    from told
    where false
    {%- endif %}

),

sessions as (

    select
        told.org_id,
        told.session_id,
        min(logged.first_recorded_at) as first_logged_at,
        min(case when told.cost_kind = 'costUsd' then told.occurred_at end) as first_cost_usd_at,
        min(case when told.cost_kind = 'cost' then told.occurred_at end) as first_cost_at
    from told
    left join logged
        on told.org_id = logged.org_id
        and told.session_id = logged.session_id
    group by told.org_id, told.session_id

),

-- What an event tells holds until the session has something better: a cost instead of none, costs of events instead of the
-- issue's, rows of the log of runs instead of events.
bounded as (

    select
        told.*,
        case
            when told.cost_kind in ('costUsd', 'invalid costUsd') then sessions.first_logged_at
            when told.cost_kind in ('cost', 'invalid cost')
                then {{ earlier('sessions.first_logged_at', 'sessions.first_cost_usd_at') }}
            else {{ earlier(
                earlier('sessions.first_logged_at', 'sessions.first_cost_usd_at'), 'sessions.first_cost_at'
            ) }}
        end as holds_until,
        case
            when told.cost_kind like 'invalid%' then 'invalid_measure'
            when told.station is null then 'unknown_station'
        end as rejected_rule
    from told
    inner join sessions
        on told.org_id = sessions.org_id
        and told.session_id = sessions.session_id

),

runs as (

    select
        *,
        lead(occurred_at) over (
            partition by org_id, session_id, cost_kind, rejected_rule order by occurred_at, event_id
        ) as next_run_at
    from bounded
    where holds_until is null or holds_until > occurred_at

),

-- What a run that lacks a provider or a model takes changes only with a summary that has another one.
summaries as (

    select
        org_id,
        session_id,
        occurred_at,
        {{ taken | join(', ') }},
        {% for column in ['provider', 'model'] -%}
        lag({{ column }}) over (partition by org_id, session_id order by occurred_at, event_id) as {{ column }}_before,
        {% endfor -%}
        row_number() over (partition by org_id, session_id order by occurred_at, event_id) as summary_number
    from told
    where is_summary

),

-- Which run is the latest when a summary comes, among those with the same kind of cost. By windows, here and below: a join
-- by time would compare each of a session's events with each other.
latest_runs as (

    select
        org_id,
        occurred_at as summarized_at,
        {% for column in ['event_key', 'event_id'] -%}
        {{ latest_value(
            column, ['org_id', 'session_id', 'cost_kind'], ['occurred_at', 'is_summary', 'event_id']
        ) }} as {{ column }},
        {% endfor -%}
        is_summary
    from (
        select
            org_id,
            session_id,
            cost_kind,
            event_key,
            event_id,
            occurred_at,
            false as is_summary
        from runs
        where rejected_rule is null

        union all

        select
            summaries.org_id,
            summaries.session_id,
            kinds.cost_kind,
            null as event_key,
            null as event_id,
            summaries.occurred_at,
            true as is_summary
        from summaries
        inner join (
            select distinct
                org_id,
                session_id,
                cost_kind
            from runs
            where rejected_rule is null
        ) as kinds
            on summaries.org_id = kinds.org_id
            and summaries.session_id = kinds.session_id
    ) as told_in_order

),

-- When something of a run changes: its own beginning, a later run, a later summary.
moments as (

    {% for moment in ['occurred_at', 'next_run_at'] -%}
    select
        event_key,
        org_id,
        session_id,
        event_id,
        {{ moment }} as counts_from
    from runs
    where rejected_rule is null and {{ moment }} is not null

    union

    {% endfor -%}
    select
        runs.event_key,
        runs.org_id,
        runs.session_id,
        runs.event_id,
        latest_runs.summarized_at as counts_from
    from latest_runs
    inner join runs
        on latest_runs.event_key = runs.event_key
        and latest_runs.org_id = runs.org_id
        and latest_runs.event_id = runs.event_id
    where
        latest_runs.is_summary
        and latest_runs.summarized_at > runs.occurred_at
        and (runs.holds_until is null or runs.holds_until > latest_runs.summarized_at)

    {% for column in ['provider', 'model'] -%}
    union

    select
        runs.event_key,
        runs.org_id,
        runs.session_id,
        runs.event_id,
        summaries.occurred_at as counts_from
    from runs
    inner join summaries
        on runs.org_id = summaries.org_id
        and runs.session_id = summaries.session_id
        and runs.occurred_at < summaries.occurred_at
        and (runs.holds_until is null or runs.holds_until > summaries.occurred_at)
    where
        runs.rejected_rule is null
        and runs.{{ column }} is null
        and summaries.{{ column }} is distinct from (summaries.{{ column }}_before)

    {% endfor %}
),

-- With the number of the session's latest summary then.
numbered_moments as (

    select
        event_key,
        org_id,
        event_id,
        counts_from,
        -- numbers grow with time
        max(summary_number) over (
            partition by org_id, session_id
            order by counts_from, is_moment
        ) as summary_number
    from (
        select
            event_key,
            org_id,
            session_id,
            event_id,
            counts_from,
            null as summary_number,
            true as is_moment
        from moments

        union all

        select
            null as event_key,
            org_id,
            session_id,
            null as event_id,
            occurred_at as counts_from,
            summary_number,
            false as is_moment
        from summaries
    ) as told_in_order

),

versions as (

    select
        runs.session_key,
        runs.event_id,
        runs.org_id,
        runs.project_id,
        runs.issue_id,
        runs.session_id,
        runs.station,
        runs.cost_usd,
        runs.occurred_at,
        runs.holds_until,
        moments.counts_from,
        coalesce(runs.provider, summaries.provider) as provider,
        coalesce(runs.model, summaries.model) as model,
        {% for column in taken[2:] -%}
        case
            when {{ 'runs.duration_ms' if column == 'duration_ms' else 'runs.token_counts_are_whole' }} is not null
                then runs.{{ column }}
            when runs.next_run_at is null or runs.next_run_at > moments.counts_from then summaries.{{ column }}
        end as {{ column }},
        {% endfor -%}
        runs.next_run_at
    from runs
    inner join numbered_moments as moments
        on runs.event_key = moments.event_key
        and runs.org_id = moments.org_id
        and runs.event_id = moments.event_id
    left join summaries
        on runs.org_id = summaries.org_id
        and runs.session_id = summaries.session_id
        and moments.summary_number = summaries.summary_number

),

-- A version that says the same as the one before it is none.
compared as (

    select
        *,
        {{ row_key(taken) }} as says,
        lag({{ row_key(taken) }}) over (partition by org_id, event_id order by counts_from) as said_before
    from versions

),

distinct_versions as (

    select
        *,
        coalesce(lead(counts_from) over (partition by org_id, event_id order by counts_from), holds_until) as counts_until
    from compared
    where said_before is distinct from says

),

-- The longest prefix of a model tells whose it is.
providers as (

    select
        models.model,
        known.provider,
        row_number() over (partition by models.model order by length(known.prefix) desc) as preference
    from (
        select distinct model from distinct_versions
        where provider is null
    ) as models
    inner join {{ ref('stg_model_providers') }} as known
        on known.is_in_use and {{ begins_with(model_name('models.model'), 'known.prefix') }}

),

final as (

    select
        -- ids
        distinct_versions.session_key,
        distinct_versions.event_id as run_id,
        distinct_versions.org_id,
        distinct_versions.project_id,
        distinct_versions.issue_id,
        distinct_versions.session_id,

        -- text
        distinct_versions.station,
        coalesce(distinct_versions.provider, providers.provider, 'unknown') as provider,
        distinct_versions.model,
        cast(null as {{ dbt.type_string() }}) as rejected_rule,
        cast(null as {{ dbt.type_string() }}) as station_name,
        cast(null as {{ dbt.type_string() }}) as origin,
        cast(null as {{ dbt.type_string() }}) as record,

        -- numerics
        distinct_versions.cost_usd,
        distinct_versions.duration_ms,
        {{ columns_of('distinct_versions', token_columns()) }},

        -- timestamps
        distinct_versions.occurred_at as recorded_at,
        cast(null as timestamp) as ingested_at,
        distinct_versions.counts_from,
        distinct_versions.counts_until,
        {{ earlier('distinct_versions.counts_until', 'distinct_versions.next_run_at') }} as superseded_at
    from distinct_versions
    left join providers
        on distinct_versions.model = providers.model
        and providers.preference = 1

    union all

    -- Events that would be runs, were they not unusable.
    select
        session_key,
        event_id as run_id,
        org_id,
        project_id,
        issue_id,
        session_id,
        station,
        provider,
        model,
        rejected_rule,
        station_name,
        origin,
        record,
        cost_usd,
        duration_ms,
        {{ token_columns() | join(', ') }},
        occurred_at as recorded_at,
        ingested_at,
        occurred_at as counts_from,
        holds_until as counts_until,
        cast(null as timestamp) as superseded_at
    from runs
    where rejected_rule is not null

)

select * from final
