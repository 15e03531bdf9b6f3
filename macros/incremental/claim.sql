-- Which logs a warehouse is of. It takes no others.


-- Stops a command that would write to a warehouse of other logs than its variables name, and notes which logs it is of. It runs
-- before seeds, too: the demo's would take the place of tables with the logs' names. Runs that keep a history of their own
-- check that themselves, before dbt starts.
{% macro claim_warehouse() -%}
    {%- if execute and can_delete_rows() and flags.WHICH in ['build', 'run', 'seed', 'snapshot']
        and not env_var('FACTORY_HISTORY', '') -%}
        {%- do assert_demo_takes_no_tables() -%}
        {%- if not flags.FULL_REFRESH -%}
            {%- do assert_logs_are_the_same() -%}
        {%- endif -%}
        {%- set table = progress_table(api.Relation.create(database=warehouse_database())) -%}
        {%- call statement(auto_begin=false) -%}
        delete from {{ table }} where model = 'logs'
        {%- endcall -%}
        insert into {{ table }} (model, generation) values ('logs', '{{ logs_place() }}')
    {%- endif -%}
{%- endmacro %}


-- What a command claimed that landed nothing does not matter: it may have failed.
{% macro assert_logs_are_the_same() -%}
    {%- set landed = progress_of(api.Relation.create(database=warehouse_database(), identifier='landed_parts')) -%}
    {%- if landed and not landed.generation.startswith(logs_place()) -%}
        {%- set is_of_demo = landed.generation.startswith(logs_place(of_demo=true)) -%}
        {{ exceptions.raise_compiler_error(
            target.path ~ " was built from " ~ ("the demo's seeds" if is_of_demo else "other logs")
            ~ (", and --vars names none, which stands for the demo's: name those logs; " if is_demo()
                else ", not from those that --vars names: ")
            ~ "to keep it, name another file in FACTORY_WAREHOUSE; to start over in it, use --full-refresh"
        ) }}
    {%- endif -%}
{%- endmacro %}


-- The demo's seeds are tables: they must not take the place of a user's, which may be the only ones. Earlier releases did
-- not claim a warehouse, so what has landed tells of the demo, too.
{% macro assert_demo_takes_no_tables() -%}
    {%- set of_demo = [] -%}
    {%- for name in ['logs', 'landed_parts'] -%}
        {%- set progress = progress_of(api.Relation.create(database=warehouse_database(), identifier=name)) -%}
        {%- do of_demo.append(progress and progress.generation.startswith(logs_place())) -%}
    {%- endfor -%}
    {%- if is_demo() and not of_demo | select | list -%}
        {%- for log in ['factory_events', 'factory_metrics'] if adapter.get_relation(warehouse_database(), 'raw', log) -%}
            {{ exceptions.raise_compiler_error(
                target.path ~ " has a table raw." ~ log ~ ", whose place the demo's seed would take, as --vars names no logs:"
                ~ " name it with {raw_schema: raw}, or name another file in FACTORY_WAREHOUSE"
            ) }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
