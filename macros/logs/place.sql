-- Stops a command that would write to a warehouse of other logs than its variables name, and notes which logs it is of. It runs
-- before seeds, too: the demo's would take the place of tables with the logs' names. Runs that keep a history of their own
-- check that themselves, before dbt starts.
{% macro claim_warehouse() -%}
    {%- if execute and flags.WHICH in ['build', 'run', 'seed', 'snapshot'] and not env_var('FACTORY_HISTORY', '') -%}
        {%- if not flags.FULL_REFRESH -%}
            {%- do assert_logs_are_the_same() -%}
        {%- endif -%}
        {%- set table = progress_table(api.Relation.create(database=target.database)) -%}
        delete from {{ table }} where model = 'logs';
        insert into {{ table }} (model, generation) values ('logs', '{{ logs_place() }}');
    {%- endif -%}
{%- endmacro %}


{% macro assert_logs_are_the_same() -%}
    {%- set what_to_do = "to keep it, name another file in FACTORY_WAREHOUSE; to start over in it, use --full-refresh" -%}
    {%- set known = [] -%}
    {%- for name in ['logs', 'landed_parts'] -%}
        {%- do known.append(progress_of(api.Relation.create(database=target.database, identifier=name))) -%}
    {%- endfor -%}
    {%- for progress in known if progress and not progress.generation.startswith(logs_place()) -%}
        {%- set is_of_demo = progress.generation.startswith(place_of_logs('', '', '')) -%}
        {{ exceptions.raise_compiler_error(
            target.path ~ " was built from " ~ ("the demo's seeds" if is_of_demo else "other logs")
            ~ (", and --vars names none, which stands for the demo's: name those logs; " if is_demo()
                else ", not from those that --vars names: ") ~ what_to_do
        ) }}
    {%- endfor -%}
    {%- if is_demo() and known | select | list == [] -%}
        {%- for log in ['factory_events', 'factory_metrics'] if adapter.get_relation(target.database, 'raw', log) -%}
            {{ exceptions.raise_compiler_error(
                target.path ~ " has a table raw." ~ log ~ ", whose place the demo's seed would take, as --vars names no logs:"
                ~ " name it with {raw_schema: raw}; " ~ what_to_do
            ) }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


-- Which logs these are, and which version of the macros reads them: another one makes all models start over.
{% macro logs_generation() -%}
    {{ return(logs_place() ~ ' ' ~ macros_version()) }}
{%- endmacro %}


{% macro logs_place() -%}
    {{ return(place_of_logs(var('raw_path') or '', var('raw_database') or '', var('raw_schema') or '')) }}
{%- endmacro %}


{% macro place_of_logs(raw_path, raw_database, raw_schema) -%}
    {{ return(local_md5([raw_path, raw_database, raw_schema] | join('|'))[:12]) }}
{%- endmacro %}


-- Whether the logs are the demo's seeds: no variable names others.
{% macro is_demo() -%}
    {{ return(not (var('raw_path') or var('raw_database') or var('raw_schema'))) }}
{%- endmacro %}
