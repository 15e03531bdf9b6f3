-- Of what parts a log is made, which tells whether it has to be read again.


-- The parts that a raw log has now, with what tells whether one has changed: files with their size and time, or the
-- hours of ingestion of a table with their number of rows.
--
-- A table's hours before the look-back are counted only when the table has more or fewer rows than were counted before.
-- `known` is the relation of the parts that are known already, or none.
{% macro list_log_parts(relation, columns, optional, known) -%}
    {%- if var('raw_path') or not execute -%}
        {{ rows_of_json(
            files_of_log(relation.identifier).files if execute else [], {'part': 'string', 'fingerprint': 'string'}
        ) }}
    {%- else -%}
        {{ return(adapter.dispatch('list_table_parts')(relation, columns, optional, known)) }}
    {%- endif -%}
{%- endmacro %}


-- A table with its columns, as a part of a log.
{% macro table_part(relation) -%}
    {{ return(adapter.dispatch('table_part')(relation)) }}
{%- endmacro %}


-- The files of a log in raw_path, and what is skipped there.
{% macro files_of_log(log) -%}
    {{ return(object_of('list_log_files', [sql_text(var('raw_path') ~ '/' ~ log), may_lack(log) | lower]).log) }}
{%- endmacro %}


-- How many rows the files of a log have, by part: counted in another way than they are read.
{% macro count_log_rows(parts) -%}
    {{ rows_of_json(
        object_of('count_log_rows', [sql_text(tojson(parts))]).parts if execute else [],
        {'part': 'string', 'row_count': 'bigint'}
    ) }}
{%- endmacro %}


-- What to read: the table, or files grouped by how they are read, see scripts/factory_metrics/logs/landing.py.
{% macro log_sources(relation, parts) -%}
    {{ return(
        object_of('describe_log_files', [sql_text(relation.identifier), sql_text(tojson(parts))]).parts
        if var('raw_path') else [table_part(relation)]
    ) }}
{%- endmacro %}
