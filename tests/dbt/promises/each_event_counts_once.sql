-- No event and no run that came since all tests last passed counts twice. Were a redelivery missed, every number that it
-- touches would be too large.
-- depends_on: {{ ref('redelivered_events') }}, {{ ref('redelivered_runs') }}
{% set tested = tested_batch() %}

with

events as (

    {{ staged_events(
        'event_key in (select event_key from ' ~ ref('base_event_deliveries') ~ ' where batch_id > ' ~ tested ~ ')'
        if tested else 'true'
    ) }}

),

runs as (

    {{ staged_runs(
        'run_key in (select run_key from ' ~ ref('base_run_deliveries') ~ ' where batch_id > ' ~ tested ~ ')'
        if tested else 'true'
    ) }}

)

select
    org_id,
    event_id as id
from events
group by event_key, org_id, event_id
having count(*) > 1

union all

select
    org_id,
    run_id as id
from runs
group by run_key, org_id, run_id
having count(*) > 1
