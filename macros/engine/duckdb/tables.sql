-- A warehouse is a file of its own, so its schemas need no prefix.


{% macro duckdb__can_delete_rows() -%}
    {{ return(true) }}
{%- endmacro %}


{% macro duckdb__schema_called(name) -%}
    {{ return(name or target.schema) }}
{%- endmacro %}
