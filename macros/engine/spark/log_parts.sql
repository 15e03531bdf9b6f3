-- Logs are files so far.


{% macro spark__list_table_parts(relation, columns, optional, known) -%}
    {%- do table_part(relation) -%}
{%- endmacro %}


{% macro spark__table_part(relation) -%}
    {{ exceptions.raise_compiler_error("on Spark logs are files so far: name their folder in --vars '{raw_path: ...}'") }}
{%- endmacro %}
