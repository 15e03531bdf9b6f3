-- What dbt calls relations: aliases, schemas, and how views name what they read.


-- The latest version of a model has the plain name, so that readers keep their SQL; dbt would add `_v1`.
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
    {%- if custom_alias_name is none and node.version and node.version == node.latest_version -%}
        {{ return(node.name) }}
    {%- endif -%}
    {{ return(dbt.default__generate_alias_name(custom_alias_name, node)) }}
{%- endmacro %}


-- Where a warehouse is a file of its own, a custom schema is called as it says (`raw`), not `main_raw`.
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ schema_called(custom_schema_name) }}
{%- endmacro %}


-- dbt's own, but that views do not name the warehouse's database: DuckDB names it after its file, and readers may copy
-- that, or attach it under another name. A file that is called as one of its schemas is named, as DuckDB asks for it.
{% macro ref() -%}
    {%- set relation = builtins.ref(*varargs, **kwargs) -%}
    {%- if execute and model is defined and model.resource_type == 'model' and model.config.materialized == 'view'
        and relation.database == warehouse_database() and relation.schema != warehouse_database() -%}
        {{ return(relation.include(database=false)) }}
    {%- endif -%}
    {{ return(relation) }}
{%- endmacro %}
