-- Nothing is ever dropped silently: every row is there of the parts of the logs that came since all tests last passed (and
-- have not gone or changed since), what was delivered = accepted + duplicate + rejected, and what counts is what was
-- accepted. Without it a model that filters rows on the way would only make numbers smaller. Files are counted by what
-- looks for their rows, not by what reads them.
-- depends_on: {{ ref('landed_parts') }}
{% set logs = {
    'factory_events': {'base': ref('base_event_deliveries'), 'arrivals': ref('int_event_arrivals')},
    'factory_metrics': {'base': ref('base_run_deliveries'), 'arrivals': ref('int_run_arrivals')},
} %}
{% set tested = tested_batch() %}

with

{% for log, relations in logs.items() %}
{% set parts = parts_as_landed(log, ref('landed_parts'), tested) %}
{% set names = parts.columns[0].values() | list if parts else [] %}
{% set numbers = parts.columns[1].values() | list if parts else [] %}
{{ log }}_found as (

    select
        part_id,
        count(*) as row_count
    from {{ relations.base }}
    where
        withdrawn_batch_id is null
        and part_id in ({{ numbers | join(', ') or 'null' }})
    group by part_id

),

{{ log }}_live as (

    select count(*) as row_count
    from {{ relations.base }}
    where withdrawn_batch_id is null

),

{{ log }}_delivered as (

    select
        parts.part,
        parts.part_id,
        {% if var('raw_path') %}
        counted.row_count
        {% else %}
        -- A table may have got more rows between the counting and the reading.
        cast(parts.fingerprint as bigint) as row_count
        {% endif %}
    from {{ ref('landed_parts') }} as parts
    {% if var('raw_path') %}
    left join ({{ count_log_rows(names) }}) as counted on parts.part = counted.part
    {% endif %}
    where parts.part_id in ({{ numbers | join(', ') or 'null' }})

),

{% endfor %}
compared as (

    {% for log, relations in logs.items() %}
    select
        '{{ log }}' as log,
        'delivered by ' || delivered.part as what,
        delivered.row_count as expected,
        found.row_count as found
    from {{ log }}_delivered as delivered
    left join {{ log }}_found as found on delivered.part_id = found.part_id
    {% if not var('raw_path') %}
    where coalesce(found.row_count, 0) < delivered.row_count
    {% endif %}

    union all

    select
        '{{ log }}' as log,
        'counted' as what,
        (select live.row_count from {{ log }}_live as live) as expected,
        sum(counts.row_count) as found
    from {{ ref('delivery_counts') }} as counts
    where counts.log = '{{ log }}'

    union all

    select
        '{{ log }}' as log,
        'accepted' as what,
        -- what counts, by day of arrival: counting it again would take all of history at each run
        (select coalesce(sum(arrivals.row_count), 0) from {{ relations.arrivals }} as arrivals) as expected,
        sum(counts.row_count) as found
    from {{ ref('delivery_counts') }} as counts
    where counts.log = '{{ log }}' and counts.outcome = 'accepted'
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select *
from compared
where coalesce(expected, 0) != coalesce(found, 0)
