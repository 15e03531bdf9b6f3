-- Reading logs, and what tells whether they have to be read again.


-- The parts that a raw log has now, with what tells whether one has changed: files with their size and time, or the
-- hours of ingestion of a table with their number of rows. DuckDB-specific because it lists files.
--
-- A table's hours before the look-back are counted only when the table has more or fewer rows than were counted before.
-- `known` is the relation of the parts that are known already, or none.
{% macro list_log_parts(relation, columns, optional, known) -%}
    {{ return(adapter.dispatch('list_log_parts')(relation, columns, optional, known)) }}
{%- endmacro %}


-- The rows of a raw log with the log's columns, typed, whatever form they arrived in. Beside them:
--   has_<column>  for each measure: whether it has a value, be it one that is no measure
--   is_readable   false for text that is no row at all
--   line          the row as it arrived, where it arrived as text
--   raw_row       the row as it arrived, where it arrived with columns (a struct)
--   origin        the file or table that it came from
--   part          the part of the log that it came in
-- DuckDB-specific because it reads files. `relation` is the log as a source, `columns` and `optional` are what
-- `log_columns` says of it, `parts` names the parts to read. A table is read whole unless `only_parts` is set.
{% macro read_log(relation, columns, optional, parts, only_parts) -%}
    {{ return(adapter.dispatch('read_log')(relation, columns, optional, parts, only_parts)) }}
{%- endmacro %}


-- The files of a log in raw_path, and what is skipped there.
{% macro files_of_log(log) -%}
    {{ return(adapter.dispatch('files_of_log')(log)) }}
{%- endmacro %}


-- How many rows the files of a log have, by part: counted when they are looked at, not read by DuckDB.
{% macro count_log_rows(parts) -%}
    {{ return(adapter.dispatch('count_log_rows')(parts)) }}
{%- endmacro %}


{% macro landed_type(kind) -%}
    {{ return({'timestamp': 'timestamp', 'measure': measure_type()}.get(kind, 'varchar')) }}
{%- endmacro %}


-- A checksum of the macros that incremental models are made of, see scripts/factory_metrics/dbt_plugin.py.
{% macro macros_version() -%}
    {{ return(adapter.dispatch('macros_version')()) }}
{%- endmacro %}


-- The user's own lines of a seed, from the folder that the var seeds_path names: its columns as text, `line`, `file`,
-- `line_number`, `is_own`. Dispatched because it reads a file.
{% macro own_seed_lines(name, columns) -%}
    {{ return(adapter.dispatch('own_seed_lines')(name, columns)) }}
{%- endmacro %}


-- A checksum of the rows of a relation, whatever their order; a text.
{% macro rows_checksum(relation, columns) -%}
    {{ return(adapter.dispatch('rows_checksum')(relation, columns)) }}
{%- endmacro %}


-- A checksum of where logs are, whose parts may be blank: the same however a path is written, see
-- scripts/factory_metrics/variables.py.
{% macro place_of_logs(raw_path, raw_database, raw_schema) -%}
    {{ return(adapter.dispatch('place_of_logs')(raw_path, raw_database, raw_schema)) }}
{%- endmacro %}
