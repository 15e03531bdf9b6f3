-- A custom schema is called as it says (`raw`), not `main_raw`: dbt's default guards a shared database, and a
-- warehouse here is a file of its own.
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
