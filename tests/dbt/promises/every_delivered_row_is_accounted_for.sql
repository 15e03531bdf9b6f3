-- Nothing is ever dropped silently: every row of the parts of the logs that came since all tests last passed is there,
-- what was delivered = accepted + duplicate + rejected, and what counts is what was accepted. Without it a model that
-- filters rows on the way would only make numbers smaller.
-- depends_on: {{ ref('landed_parts') }}
{% set logs = {
    'factory_events': {'base': ref('base_event_deliveries'), 'staged': ref('stg_events')},
    'factory_metrics': {'base': ref('base_run_deliveries'), 'staged': ref('stg_runs')},
} %}
{% set tested = tested_batch() %}

with

new_parts as (

    select
        log,
        part_id,
        fingerprint
    from {{ ref('landed_parts') }}
    where batch_id > {{ tested }}

),

{% for log, relations in logs.items() %}
{{ log }}_found as (

    select count(*) as row_count
    from {{ relations.base }}
    where
        withdrawn_batch_id is null
        and part_id in (select new_parts.part_id from new_parts)

),

{{ log }}_live as (

    select count(*) as row_count
    from {{ relations.base }}
    where withdrawn_batch_id is null

),

{{ log }}_delivered as (

    {% if var('raw_path') %}
    {% set described = log_columns(log) %}
    -- Rows that were added since the run read a file are not its own to count.
    select count(*) as row_count
    from ({{ read_log(
        source('factory', log), described.columns, described.optional,
        unread_parts(log, ref('landed_parts'), tested), true
    ) }}) as landed
    where
        {{ in_calendar('ingested_at') }} is null
        or ingested_at <= (select max(deliveries.ingested_at) from {{ relations.base }} as deliveries)
    {% else %}
    -- A table may have got more rows between the counting and the reading.
    select greatest(coalesce(sum(cast(new_parts.fingerprint as bigint)), 0), max(found.row_count)) as row_count
    from {{ log }}_found as found
    left join new_parts on new_parts.log = '{{ log }}'
    {% endif %}

),

{% endfor %}
compared as (

    {% for log, relations in logs.items() %}
    select
        '{{ log }}' as log,
        'delivered' as what,
        delivered.row_count as expected,
        found.row_count as found
    from {{ log }}_delivered as delivered
    cross join {{ log }}_found as found

    union all

    select
        '{{ log }}' as log,
        'counted' as what,
        (select live.row_count from {{ log }}_live as live) as expected,
        sum(row_count) as found
    from {{ ref('delivery_counts') }}
    where log = '{{ log }}'

    union all

    select
        '{{ log }}' as log,
        'accepted' as what,
        (select count(*) from {{ relations.staged }}) as expected,
        sum(row_count) as found
    from {{ ref('delivery_counts') }}
    where log = '{{ log }}' and outcome = 'accepted'
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select *
from compared
where expected != coalesce(found, 0)
