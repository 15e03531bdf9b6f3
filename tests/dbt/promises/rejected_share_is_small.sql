-- Warns of any rejected row, and fails the run when their share of all delivered rows is above the var
-- max_rejected_share, or their share of a thousand or more rows that came since a build last passed: a log that suddenly
-- is half garbage must not pass for a quiet week, however long the history. Rejected rows that were let pass, by a larger
-- share than today's, stay passed.
{{ config(fail_calc='coalesce(max(severity), 0)', warn_if='>= 1', error_if='>= 2') }}
{% set passed = passed_rejections() %}

with

new_deliveries as (

    select rejected_rule
    from {{ ref('base_event_deliveries') }}
    where withdrawn_batch_id is null and batch_id > {{ passed.batch_id }}
    union all
    select rejected_rule
    from {{ ref('base_run_deliveries') }}
    where withdrawn_batch_id is null and batch_id > {{ passed.batch_id }}

),

totals as (

    select
        'all' as rows_of,
        coalesce(sum(row_count), 0) as delivered,
        coalesce(sum(case when outcome = 'rejected' then row_count end), 0) as rejected,
        {{ passed.rejected_rows }} as let_pass
    from {{ ref('delivery_counts') }}

    union all

    select
        'new' as rows_of,
        count(*) as delivered,
        count(rejected_rule) as rejected,
        0 as let_pass
    from new_deliveries
    -- without such a build they are all
    where {{ passed.batch_id }} > 0
    having count(*) >= 1000

)

select
    rows_of,
    delivered,
    rejected,
    let_pass,
    case when rejected - let_pass > {{ var('max_rejected_share') }} * delivered then 2 else 1 end as severity
from totals
where rejected > 0
