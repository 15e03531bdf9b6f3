-- Checksums, which engines compute by functions of their own.


-- A checksum of the macros that incremental models are made of, see scripts/factory_metrics/dbt_plugin.py.
{% macro macros_version() -%}
    {{ return(adapter.dispatch('macros_version')()) }}
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
