{{ config(
    unique_key='event_key',
    meta={
        'follows': 'int_work_item_transitions',
        'changed_key': 'event_key',
        'settings': ['runs_from', 'station_aliases'],
    }
) }}
{% set changed = changed_events() %}
{% if changed is not none %}
{# where an event takes its station from the issue, also when the issue's other events change #}
{% set changed = changed ~ ' union select event_key from ' ~ this ~ ' where issue_key in ('
    ~ changed_events_of('subject_key', "event_type like 'work-item.%'") ~ ')' %}
{% endif %}
{% set tells_of_run = "session_id is not null and (event_type = 'agent.tool-summary' or payload like '%costUsd%'"
    ~ " or payload like '%\\u%' or (event_type = 'work-item.completed' and payload like '%cost%'))" %}

with

read as (

    select
        *,
        {{ hash_key(['org_id', 'issue_id']) }} as issue_key,
        event_type = 'agent.tool-summary' as is_summary,
        {{ json_text('payload', 'costUsd') }} as cost_usd_text,
        {{ json_measure('payload', 'costUsd') }} as cost_usd,
        case when event_type = 'work-item.completed' then {{ json_text('payload', 'cost') }} end as cost_text,
        case when event_type = 'work-item.completed' then {{ json_measure('payload', 'cost') }} end as cost,
        {{ station_name(
            'coalesce('
            ~ null_if_blank(json_text('payload', 'stage')) ~ ', '
            ~ null_if_blank(json_text('payload', 'workType')) ~ ", case when event_type in ('work-item.handoff', 'work-item.rework') then "
            ~ null_if_blank(json_text('payload', 'fromStage')) ~ ' end)'
        ) }} as station_name,
        coalesce(
            {{ valid_duration(json_measure('payload', 'durationMs')) }},
            case when event_type = 'agent.tool-summary' then {{ valid_duration(json_measure('payload', 'duration')) }} end
        ) as duration_ms,
        {{ null_if_blank(json_text('payload', 'model')) }} as model,
        nullif({{ clean_name(json_text('payload', 'provider')) }}, '') as provider,
        {{ token_counts('payload') }}
    from {{ events_to_compute(tells_of_run if runs_come_from_events() else 'false', 'event_key', changed) }}

),

telling as (

    select
        event_key, session_key, issue_key, event_id, org_id, project_id, issue_id, session_id, event_type, payload, origin,
        is_summary, station_name, duration_ms, model, provider, {{ token_columns() | join(', ') }}, occurred_at, ingested_at,
        coalesce(cost_usd, case when cost_usd_text is null then cost end) as cost_usd,
        case
            when cost_usd is not null then 'costUsd'
            when cost_usd_text is not null then 'invalid costUsd'
            when cost is not null then 'cost'
            when cost_text is not null then 'invalid cost'
            else 'none'
        end as cost_kind
    from read
    where is_summary or cost_usd_text is not null or cost_text is not null

),

named as (

    {{ with_station('telling') }}

),

-- Where an event names no station, its issue was at one before. By a window: a join by time would compare each event of an
-- issue with each other.
passed as (

    select
        event_key,
        org_id,
        event_id,
        is_move,
        {{ latest_value('station_after', ['org_id', 'issue_id'], ['occurred_at', 'is_move', 'event_id']) }} as station
    from (
        select
            event_key,
            org_id,
            issue_id,
            event_id,
            occurred_at,
            null as station_after,
            false as is_move
        from named
        where station_name is null and issue_id is not null

        union all

        select
            null as event_key,
            org_id,
            issue_id,
            event_id,
            occurred_at,
            station_after,
            true as is_move
        from {{ ref('int_work_item_transitions') }}
        where
            event_type in ({{ quoted(station_keys()) }})
            and subject_key in (
                select named.issue_key from named
                where named.station_name is null
            )
    ) as told_in_order

),

final as (

    select
        -- ids
        named.event_key,
        named.session_key,
        named.issue_key,
        named.event_id,
        named.org_id,
        named.project_id,
        named.issue_id,
        named.session_id,

        -- text
        named.event_type,
        named.cost_kind,
        named.station_name,
        coalesce(named.station, passed.station) as station,
        named.provider,
        named.model,
        named.origin,
        case
            when named.cost_kind like 'invalid%' or coalesce(named.station, passed.station) is null then {{ row_as_json(make_struct({
                'id': 'named.event_id', 'event_type': 'named.event_type', 'issue_id': 'named.issue_id',
                'session_id': 'named.session_id', 'occurred_at': 'named.occurred_at', 'payload': 'named.payload',
            })) }}
        end as record,

        -- booleans
        named.is_summary,
        named.token_counts_are_whole,

        -- numerics
        named.cost_usd,
        named.duration_ms,
        {% for kind in token_kinds() -%}
        named.{{ kind }}_tokens,
        {% endfor %}
        -- timestamps
        named.occurred_at,
        named.ingested_at,

        -- how it was taken in
        cast({{ followed_batch() }} as bigint) as batch_id
    from named
    left join passed
        on not passed.is_move
        and named.event_key = passed.event_key
        and named.org_id = passed.org_id
        and named.event_id = passed.event_id

)

select * from final
