-- The rules for usable rows, in their order: the name of the first one that a row breaks, else null. docs/your-logs.md
-- explains them.


-- The rules for events.
{% macro event_rules() -%}
    case
        when not is_readable then 'unreadable'
        when event_id is null then 'missing_id'
        when org_id is null then 'missing_org'
        when event_type is null or event_type not in ({{ quoted(event_types()) }}) then 'unknown_event_type'
        when occurred_at is null or ingested_at is null then 'invalid_timestamp'
        when occurred_at > {{ plus_hours('ingested_at', 24) }} then 'future_timestamp'
        when payload is null then 'invalid_payload'
        when issue_id is null and (event_type like 'work-item.%' or event_type like 'human.review-%')
            then 'missing_subject'
        when
            subject_id is null
            and (event_type like 'pipeline.%' or event_type like 'deployment.%' or event_type like 'incident.%')
            then 'missing_subject'
        when event_type in ({{ quoted(station_keys()) }}) and station is null
            then 'unknown_station'
    end
{%- endmacro %}


-- The rules for runs.
{% macro run_rules() -%}
    case
        when not is_readable then 'unreadable'
        when run_id is null then 'missing_id'
        when org_id is null then 'missing_org'
        when recorded_at is null or ingested_at is null then 'invalid_timestamp'
        when recorded_at > {{ plus_hours('ingested_at', 24) }} then 'future_timestamp'
        when metadata is null then 'invalid_payload'
        when session_id is null then 'missing_subject'
        when station is null then 'unknown_station'
        when not has_valid_measures then 'invalid_measure'
    end
{%- endmacro %}


-- The whole numbers by which rows are found, and what they are made of: a key of the row itself, and of what it is about.
{% macro event_keys() -%}
    {{ return({
        'event_key': ['org_id', 'event_id'],
        'subject_key': ['org_id', 'coalesce(subject_id, issue_id)'],
        'session_key': ['org_id', 'session_id'],
    }) }}
{%- endmacro %}


-- The same for runs.
{% macro run_keys() -%}
    {{ return({
        'run_key': ['org_id', 'run_id'],
        'session_key': ['org_id', 'session_id'],
    }) }}
{%- endmacro %}
