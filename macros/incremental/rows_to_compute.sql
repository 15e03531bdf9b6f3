-- The rows that a model has to compute, out of what has changed.


-- The events with a condition that a model has to compute again: those whose key is among the changed ones, or all of
-- them when `changed` is none.
{% macro events_to_compute(condition, key, changed) -%}
    {%- if changed is none -%}
    (select * from {{ ref('stg_events') }} where {{ condition }}) as events
    {%- else -%}
    ({{ staged_events(
        condition ~ ' and ' ~ key ~ ' in (' ~ changed ~ ')',
        days=on_days_with(ref('base_event_deliveries'), condition, key, changed)
    ) }}) as events
    {%- endif -%}
{%- endmacro %}


-- The events with a condition whose own deliveries have changed. What counts of them came since, or is among what was
-- delivered more than once, so older batches are not read.
{% macro changed_events_to_compute(condition, changed) -%}
    {%- if changed is none -%}
    (select * from {{ ref('stg_events') }} where {{ condition }}) as events
    {%- else -%}
    ({{ staged_events(condition ~ ' and event_key in (' ~ changed ~ ')', since=taken_in()) }}) as events
    {%- endif -%}
{%- endmacro %}


-- The transitions of the issues that a model has to compute again, or of all issues when `changed` is none.
{% macro transitions_to_compute(changed) -%}
    {%- set transitions = ref('int_work_item_transitions') -%}
    (
        select * from {{ transitions }}
        where
            {{ on_days_with(transitions, 'true', 'subject_key', changed, 'occurred_at') }}
            and {{ is_changed('subject_key', changed) }}
    ) as transitions
{%- endmacro %}


-- The runs that a model has to compute, as events_to_compute() does for events.
{% macro runs_to_compute(key, changed) -%}
    {%- if changed is none -%}
    {{ ref('stg_runs') }}
    {%- else -%}
    ({{ staged_runs(
        key ~ ' in (' ~ changed ~ ')', days=on_days_with(ref('base_run_deliveries'), 'true', key, changed)
    ) }}) as runs
    {%- endif -%}
{%- endmacro %}


-- A condition that holds on the days of the rows with one of the changed keys, by the time that a relation is in the order
-- of. What concerns new rows mostly came shortly before them; once a narrow look has found when, the rest of history is
-- not read in full.
{% macro on_days_with(relation, condition, key, changed, time='ingested_at') -%}
    {%- if changed is none or not execute -%}
        {{ return('true') }}
    {%- endif -%}
    {%- set periods = run_query(
        "with days as (select distinct cast(" ~ time ~ " as date) as day from " ~ relation
        ~ " where " ~ condition ~ " and " ~ key ~ " in (" ~ changed ~ ")),"
        ~ " numbered as (select day, " ~ plus_days('day', '- row_number() over (order by day)')
        ~ " as period from days)"
        ~ " select cast(min(day) as date), cast(" ~ plus_days('max(day)', 1) ~ " as date)"
        ~ " from numbered group by period order by 1"
    ).rows -%}
    {%- if periods | length > 30 -%}
        {#- they are everywhere -#}
        {{ return('true') }}
    {%- endif -%}
    {%- set conditions = [] -%}
    {#- rows without a time; to leave them out above would mislead DuckDB about how few rows there are -#}
    {%- for period in periods if period[0] is not none -%}
        {%- do conditions.append(
            "(" ~ time ~ " >= timestamp '" ~ period[0] ~ "' and " ~ time ~ " < timestamp '" ~ period[1] ~ "')"
        ) -%}
    {%- endfor -%}
    {{ return('(' ~ conditions | join(' or ') ~ ')' if conditions else 'false') }}
{%- endmacro %}


-- A condition that holds for the orgs of what has changed; for all, when looking each row's up would take longer than to
-- compute it.
{% macro in_orgs_of(changed) -%}
    {%- if changed is none or not execute -%}
        {{ return('true') }}
    {%- endif -%}
    {%- set orgs = run_query("select distinct org_id from (" ~ changed ~ ") as changed limit 101").columns[0].values() -%}
    {%- if orgs | length > 100 or '\0' in orgs | join -%}
        {#- or when one has a name that no SQL text can have -#}
        {{ return('true') }}
    {%- endif -%}
    {%- set literals = [] -%}
    {%- for org in orgs -%}
        {%- do literals.append(sql_text(org)) -%}
    {%- endfor -%}
    {{ return('org_id in (' ~ literals | join(', ') ~ ')' if literals else 'false') }}
{%- endmacro %}
