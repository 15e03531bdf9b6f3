-- Checksums, by functions of the session and by the engine's own.


-- A checksum of the macros that incremental models are made of.
{% macro macros_version() -%}
    {{ return(answer_of('macros_version')) }}
{%- endmacro %}


-- A checksum of where the logs, or the demo's, are: the same however a path is written, see
-- scripts/factory_metrics/variables.py.
{% macro logs_place(of_demo=false) -%}
    {%- set places = [] -%}
    {%- for name in ['raw_path', 'raw_database', 'raw_schema'] -%}
        {%- do places.append(sql_text('' if of_demo else var(name) or '')) -%}
    {%- endfor -%}
    {{ return(answer_of('logs_place', places)) }}
{%- endmacro %}


-- A checksum of the rows of a relation, whatever their order; a text.
{% macro rows_checksum(relation, columns) -%}
    {{ return(adapter.dispatch('rows_checksum')(relation, columns)) }}
{%- endmacro %}
