-- Checksums, by functions of the session and by the engine's own.


-- A checksum of the macros that incremental models are made of.
{% macro macros_version() -%}
    {{ return(answer_of('macros_version')) }}
{%- endmacro %}


-- A checksum of where logs are, whose parts may be blank: the same however a path is written, see
-- scripts/factory_metrics/variables.py.
{% macro place_of_logs(raw_path, raw_database, raw_schema) -%}
    {{ return(answer_of('place_of_logs', [sql_text(raw_path), sql_text(raw_database), sql_text(raw_schema)])) }}
{%- endmacro %}


-- A checksum of the rows of a relation, whatever their order; a text.
{% macro rows_checksum(relation, columns) -%}
    {{ return(adapter.dispatch('rows_checksum')(relation, columns)) }}
{%- endmacro %}
