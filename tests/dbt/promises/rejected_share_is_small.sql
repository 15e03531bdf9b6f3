-- Warns of any rejected row, and fails the run when their share of all delivered rows is above the var
-- max_rejected_share, or their share of a thousand or more rows that came since all tests last passed: a log that suddenly
-- is half garbage must not pass for a quiet week, however long the history.
{{ config(fail_calc='coalesce(max(severity), 0)', warn_if='>= 1', error_if='>= 2') }}
{% set tested = tested_batch() %}

with

new_deliveries as (

    select rejected_rule
    from {{ ref('base_event_deliveries') }}
    where withdrawn_batch_id is null and batch_id > {{ tested }}
    union all
    select rejected_rule
    from {{ ref('base_run_deliveries') }}
    where withdrawn_batch_id is null and batch_id > {{ tested }}

),

totals as (

    select
        'all' as rows_of,
        coalesce(sum(row_count), 0) as delivered,
        coalesce(sum(case when outcome = 'rejected' then row_count end), 0) as rejected
    from {{ ref('delivery_counts') }}

    union all

    select
        'new' as rows_of,
        count(*) as delivered,
        count(rejected_rule) as rejected
    from new_deliveries
    having count(*) >= 1000

)

select
    rows_of,
    delivered,
    rejected,
    case when rejected > {{ var('max_rejected_share') }} * delivered then 2 else 1 end as severity
from totals
where rejected > 0
