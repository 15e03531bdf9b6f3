-- Which rejected rows have been let pass, so that they do not fail every build to come.
--
-- The table `passed_rejections` has a row for each max_rejected_share that a build passed with, unless a later one passed with a
-- larger share: how many rows were rejected then (or later, if fewer), and the batch that the logs had come to. What passed with
-- a larger share than today's was let pass by somebody. Numbers of rows outlive a new reading of the logs, which has other batches.
-- What passed of other logs does not count.


-- The table, in the warehouse. Runs that keep a history of their own have it in a file beside that, as versions of the warehouse
-- come and go, and the history may be read again.
{% macro passed_rejections_table() -%}
    {%- set is_apart = env_var('FACTORY_HISTORY', '') -%}
    {{ return(api.Relation.create(
        database='passed' if is_apart else warehouse_database(),
        schema=target.schema if is_apart else internal_schema(),
        identifier='passed_rejections',
    )) }}
{%- endmacro %}


-- Makes that table, before every run.
{% macro create_passed_rejections() -%}
    {%- if can_delete_rows() -%}
    create table if not exists {{ passed_rejections_table() }} (
        max_rejected_share double,
        rejected_rows bigint,
        generation {{ dbt.type_string() }},
        batch_id bigint
    )
    {%- endif -%}
{%- endmacro %}


-- What passed before this build: `rejected_rows`, how many rejected rows were let pass with a larger share than today's, and
-- `batch_id`, the batch that had come when a build last passed; 0 for the latter when none has since the logs were read again.
{% macro passed_rejections() -%}
    {%- set passed = {'rejected_rows': 0, 'batch_id': 0} -%}
    {%- if execute and can_delete_rows() -%}
        {%- set landed = landed_progress() -%}
        {%- for row in run_query(
            "select max_rejected_share, rejected_rows, generation, batch_id from " ~ passed_rejections_table()
            ~ " where generation like '" ~ logs_place() ~ "%' order by max_rejected_share desc"
        ).rows -%}
            {%- if row[0] | float > var('max_rejected_share') | float -%}
                {%- do passed.update({'rejected_rows': row[1] | int}) -%}
            {%- endif -%}
            {#- the smallest share is the last one that a build passed with -#}
            {%- do passed.update({'batch_id': row[3] | int if landed and row[2] == landed.generation else 0}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(passed) }}
{%- endmacro %}


-- After a build that tested the share and in which nothing failed: what passed.
{% macro record_passed_rejections(results) -%}
    {%- set statuses = results | map(attribute='status') | map('string') | list -%}
    {%- set tested = results | selectattr('node.name', 'equalto', 'rejected_share_is_small') | list -%}
    {%- if execute and can_delete_rows() and tested and not statuses | select('in', ['error', 'fail', 'skipped']) | list -%}
    {%- set landed = landed_progress() -%}
    {%- set delivery_counts = api.Relation.create(
        database=warehouse_database(), schema=target.schema, identifier='delivery_counts'
    ) -%}
    {%- set share = "cast(" ~ var('max_rejected_share') ~ " as double)" -%}
    {%- set rejected_rows = run_query(
        "select coalesce(sum(row_count), 0) from " ~ delivery_counts ~ " where outcome = 'rejected'"
    ).rows[0][0] | int -%}
    {%- call statement(auto_begin=false) -%}
    delete from {{ passed_rejections_table() }}
    where max_rejected_share <= {{ share }} or generation not like '{{ logs_place() }}%'
    {%- endcall -%}
    {%- call statement(auto_begin=false) -%}
    update {{ passed_rejections_table() }} set rejected_rows = {{ rejected_rows }} where rejected_rows > {{ rejected_rows }}
    {%- endcall -%}
    insert into {{ passed_rejections_table() }} (max_rejected_share, rejected_rows, generation, batch_id)
    select {{ share }}, {{ rejected_rows }}, '{{ landed.generation }}', {{ landed.batch_id }}
    {%- endif -%}
{%- endmacro %}
