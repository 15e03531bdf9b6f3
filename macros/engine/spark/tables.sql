-- Tables are files of Parquet, and schemas are of a catalog that others use, too.


{% macro spark__can_delete_rows() -%}
    {{ return(false) }}
{%- endmacro %}


{% macro spark__schema_called(name) -%}
    {{ return(target.schema if not name or name == target.schema else target.schema ~ '_' ~ name) }}
{%- endmacro %}
