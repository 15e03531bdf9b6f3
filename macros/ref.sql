-- dbt's own, but that views do not name the warehouse's database: DuckDB names it after its file, and readers may copy
-- that, or attach it under another name.
{% macro ref() -%}
    {%- set relation = builtins.ref(*varargs, **kwargs) -%}
    {%- if execute and model is defined and model.resource_type == 'model' and model.config.materialized == 'view'
        and relation.database == target.database -%}
        {{ return(relation.include(database=false)) }}
    {%- endif -%}
    {{ return(relation) }}
{%- endmacro %}
