-- Of what parts a log is made, which tells whether it has to be read again.


-- The parts that a raw log has now, with what tells whether one has changed: files with their size and time, or the
-- hours of ingestion of a table with their number of rows. Each engine lists files its own way.
--
-- A table's hours before the look-back are counted only when the table has more or fewer rows than were counted before.
-- `known` is the relation of the parts that are known already, or none.
{% macro list_log_parts(relation, columns, optional, known) -%}
    {{ return(adapter.dispatch('list_log_parts')(relation, columns, optional, known)) }}
{%- endmacro %}


-- The files of a log in raw_path, and what is skipped there.
{% macro files_of_log(log) -%}
    {{ return(adapter.dispatch('files_of_log')(log)) }}
{%- endmacro %}


-- How many rows the files of a log have, by part: counted in another way than they are read.
{% macro count_log_rows(parts) -%}
    {{ return(adapter.dispatch('count_log_rows')(parts)) }}
{%- endmacro %}
