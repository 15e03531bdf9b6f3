-- What columns the logs have, what else these may be called, and which may be missing.


-- The columns of the raw logs, with their kinds. Python reads it, too, see scripts/factory_metrics/shared_constants.py.
{% macro raw_logs() -%}
    {{ return({
        'factory_events': {
            'id': 'text',
            'org_id': 'text',
            'project_id': 'text',
            'event_type': 'text',
            'issue_id': 'text',
            'session_id': 'text',
            'actor_type': 'text',
            'actor_id': 'text',
            'occurred_at': 'timestamp',
            'ingested_at': 'timestamp',
            'payload': 'json',
        },
        'factory_metrics': {
            'id': 'text',
            'org_id': 'text',
            'project_id': 'text',
            'issue_id': 'text',
            'session_id': 'text',
            'station': 'text',
            'cost_usd': 'measure',
            'duration_ms': 'measure',
            'recorded_at': 'timestamp',
            'ingested_at': 'timestamp',
            'metadata': 'json',
        },
    }) }}
{%- endmacro %}


-- The names that the time of a row may have, by log: the first that has a value counts. Python reads it, too.
{% macro time_columns() -%}
    {{ return({
        'factory_events': ['occurred_at', 'timestamp', 'created_at'],
        'factory_metrics': ['recorded_at', 'timestamp', 'created_at', 'completed_at'],
    }) }}
{%- endmacro %}


-- The models that have the deliveries of each log: all of them, and what was delivered more than once. Python reads
-- it, too.
{% macro log_models() -%}
    {{ return({
        'factory_events': ['base_event_deliveries', 'redelivered_events'],
        'factory_metrics': ['base_run_deliveries', 'redelivered_runs'],
    }) }}
{%- endmacro %}


-- The columns of a log: the kind of each, and the names that it may have, of which the first that has a value counts.
-- `optional` names the columns that a log may lack.
{% macro log_columns(log) -%}
    {%- set happened_at = time_columns()[log] -%}
    {%- set kinds = raw_logs()[log] -%}
    {%- set names = {happened_at[0]: happened_at, 'ingested_at': ['ingested_at'] + happened_at} -%}
    {%- set required = ['id', 'event_type', happened_at[0]] -%}
    {%- set columns = {} -%}
    {%- for column, kind in kinds.items() -%}
        {%- do columns.update({column: {'kind': kind, 'names': spellings(names.get(column, [column]))}}) -%}
    {%- endfor -%}
    {{ return({'columns': columns, 'optional': kinds.keys() | reject('in', required) | list}) }}
{%- endmacro %}


-- Names in snake_case, each with its camelCase after it if that is another one.
{% macro spellings(names) -%}
    {%- set all_names = [] -%}
    {%- for name in names -%}
        {%- set words = name.split('_') -%}
        {%- do all_names.append(name) -%}
        {%- if words | length > 1 -%}
            {%- do all_names.append(words[0] ~ words[1:] | map('capitalize') | join) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(all_names) }}
{%- endmacro %}


-- Whether a log may be absent.
{% macro may_lack(log) -%}
    {{ return(log == 'factory_metrics' and var('runs_from') == 'factory_events') }}
{%- endmacro %}
