-- Nothing is ever dropped silently: every row of the parts of the logs that came since all tests last passed is there,
-- what was delivered = accepted + duplicate + rejected, and what counts is what was accepted. Without it a model that
-- filters rows on the way would only make numbers smaller.
-- depends_on: {{ ref('landed_parts') }}
{% set logs = {
    'factory_events': {'base': ref('base_event_deliveries'), 'staged': ref('stg_events')},
    'factory_metrics': {'base': ref('base_run_deliveries'), 'staged': ref('stg_runs')},
} %}

with

delivered as (

    {% for log, relations in logs.items() %}
    {% set described = log_columns(log) %}
    {% set tested = tested_batch() %}
    {% set parts -%}
        select parts.part_id from {{ ref('landed_parts') }} as parts
        where parts.log = '{{ log }}' and parts.batch_id > {{ tested }}
    {%- endset %}
    select
        '{{ log }}' as log,
        'delivered' as what,
        {% if var('raw_path') -%}
        -- rows that were added since the run read the file are not its own to count
        (
            select count(*)
            from ({{ read_log(
                source('factory', log), described.columns, described.optional,
                unread_parts(log, ref('landed_parts'), tested), true
            ) }}) as landed
            where
                {{ in_calendar('ingested_at') }} is null
                or ingested_at <= (select max(deliveries.ingested_at) from {{ relations.base }} as deliveries)
        ) as expected,
        {%- else -%}
        -- a table may have got more rows between the counting and the reading
        greatest(
            (select coalesce(sum(cast(fingerprint as bigint)), 0) from {{ ref('landed_parts') }} where part_id in ({{ parts }})),
            (select count(*) from {{ relations.base }} where part_id in ({{ parts }}) and withdrawn_batch_id is null)
        ) as expected,
        {%- endif %}
        (
            select count(*)
            from {{ relations.base }}
            where withdrawn_batch_id is null and part_id in ({{ parts }})
        ) as found
    union all
    {% endfor %}
    select
        'all' as log,
        'counted' as what,
        (
            {% for log, relations in logs.items() %}
            (select count(*) from {{ relations.base }} where withdrawn_batch_id is null)
            {{ '+' if not loop.last }}
            {% endfor %}
        ) as expected,
        (select sum(counts.row_count) from {{ ref('delivery_counts') }} as counts) as found
    {% for log, relations in logs.items() %}
    union all
    select
        '{{ log }}' as log,
        'accepted' as what,
        (select count(*) from {{ relations.staged }}) as expected,
        coalesce((
            select sum(counts.row_count)
            from {{ ref('delivery_counts') }} as counts
            where counts.outcome = 'accepted' and counts.log = '{{ log }}'
        ), 0) as found
    {% endfor %}

)

select *
from delivered
where expected is distinct from coalesce(found, 0)
