-- Warns of any rejected row, and fails the run when their share of all delivered rows is above the var
-- max_rejected_share: a log that suddenly is half garbage must not pass for a quiet week.
{{ config(fail_calc='coalesce(max(severity), 0)', warn_if='>= 1', error_if='>= 2') }}

with

totals as (

    select
        sum(row_count) as delivered,
        coalesce(sum(case when outcome = 'rejected' then row_count end), 0) as rejected
    from {{ ref('delivery_counts') }}

)

select
    delivered,
    rejected,
    case when rejected > {{ var('max_rejected_share') }} * delivered then 2 else 1 end as severity
from totals
where rejected > 0
