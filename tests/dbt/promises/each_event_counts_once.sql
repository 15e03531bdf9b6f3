-- No event and no run that came since all tests last passed counts twice. Were a redelivery missed, every number that it
-- touches would be too large.
-- depends_on: {{ ref('base_event_deliveries') }}, {{ ref('redelivered_events') }}
-- depends_on: {{ ref('base_run_deliveries') }}, {{ ref('redelivered_runs') }}
{% set tested = tested_batch() %}
{% set new_of = "select {key} from {deliveries} where batch_id > " ~ tested %}
{% set new_events = new_of.format(key='event_key', deliveries=ref('base_event_deliveries')) if tested else none %}
{% set new_runs = new_of.format(key='run_key', deliveries=ref('base_run_deliveries')) if tested else none %}

with

-- Whole numbers count faster than pairs of ids, which are then compared where a key repeats.
repeated_event_keys as (

    select event_key from {{ events_to_compute('true', 'event_key', new_events) }}
    group by event_key
    having count(*) > 1

),

repeated_run_keys as (

    select run_key from {{ runs_to_compute('run_key', new_runs) }}
    group by run_key
    having count(*) > 1

)

select
    org_id,
    event_id as id
from {{ ref('stg_events') }}
where event_key in (select repeated_event_keys.event_key from repeated_event_keys)
group by org_id, event_id
having count(*) > 1

union all

select
    org_id,
    run_id as id
from {{ ref('stg_runs') }}
where run_key in (select repeated_run_keys.run_key from repeated_run_keys)
group by org_id, run_id
having count(*) > 1
