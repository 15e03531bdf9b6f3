-- Where the logs are, and whether events tell of runs, too.


-- Which logs these are, and which version of the macros reads them: another one makes all models start over.
{% macro logs_generation() -%}
    {{ return(logs_place() ~ ' ' ~ macros_version()) }}
{%- endmacro %}


-- Whether the logs are the demo's seeds: no variable names others.
{% macro is_demo() -%}
    {{ return(not (var('raw_path') or var('raw_database') or var('raw_schema'))) }}
{%- endmacro %}


-- Whether events tell of runs.
{% macro runs_come_from_events() -%}
    {{ return(var('runs_from') in ['factory_events', 'both']) }}
{%- endmacro %}
