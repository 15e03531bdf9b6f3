-- Contracts name types as most engines do: `string`, which is DuckDB's name, too, and `array<struct<date date, cost double>>`,
-- for which DuckDB has a spelling of its own.


-- Text with types in it as DuckDB spells them: `struct(date date, cost double)[]`.
{% macro duckdb_types(text) -%}
    {%- set text = modules.re.sub('array<(.*)>', '\\1[]', text) -%}
    {{ return(modules.re.sub('struct<(.*)>', 'struct(\\1)', text)) }}
{%- endmacro %}


-- dbt's: what a contract is compared by.
{% macro duckdb__cast(field, type) -%}
    cast({{ field }} as {{ duckdb_types(type) }})
{%- endmacro %}


-- dbt's: what a table with a contract is made of.
{% macro duckdb__get_table_columns_and_constraints() -%}
    {{ return(duckdb_types(table_columns_and_constraints())) }}
{%- endmacro %}
