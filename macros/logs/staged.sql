-- Rows of the logs that count.


-- The columns of an event that readers of staging models know.
{% macro event_columns() -%}
    {{ return([
        'event_key', 'subject_key', 'session_key', 'event_id', 'org_id', 'project_id', 'issue_id', 'session_id',
        'subject_id', 'event_type', 'actor_type', 'actor_id', 'station', 'payload', 'occurred_at', 'ingested_at',
        'origin',
    ]) }}
{%- endmacro %}


-- The same for runs.
{% macro run_columns() -%}
    {{ return([
        'run_key', 'session_key', 'run_id', 'org_id', 'project_id', 'issue_id', 'session_id', 'station', 'metadata',
        'cost_usd', 'duration_ms', 'recorded_at', 'ingested_at', 'origin',
    ]) }}
{%- endmacro %}


-- Events that count: those delivered once, and of the others the delivery that counts. `condition` is one on the columns.
-- It is said of both parents, as it would not reach them from outside of the union; and both are named where they are
-- read, as a CTE that is read twice would be copied whole.
{% macro staged_events(condition='true', since=none, days='true') -%}
    {{ staged_rows(
        event_columns(), 'event_key', ref('base_event_deliveries'), ref('redelivered_events'), condition, since, days
    ) }}
{%- endmacro %}


-- The same for runs.
{% macro staged_runs(condition='true', days='true') -%}
    {{ staged_rows(
        run_columns(), 'run_key', ref('base_run_deliveries'), ref('redelivered_runs'), condition, days=days
    ) }}
{%- endmacro %}


-- What both share.
{% macro staged_rows(columns, key, deliveries, redelivered, condition, since=none, days='true') -%}
    select {{ columns | join(', ') }}
    from {{ deliveries }}
    where
        {{ days }}
        and rejected_rule is null
        and withdrawn_batch_id is null
        {% if since is not none -%}
        and batch_id > {{ since }}
        {% endif -%}
        and {{ condition }}
        -- last: DuckDB filters in this order, and the condition may leave little
        and {{ key }} not in (select redelivered.{{ key }} from {{ redelivered }} as redelivered)
    union all
    select {{ columns | join(', ') }}
    from {{ redelivered }}
    where
        delivery_number = 1
        and {{ condition }}
{%- endmacro %}
