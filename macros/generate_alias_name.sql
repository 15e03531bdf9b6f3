-- The latest version of a model has the plain name, so that who reads it need not change theirs; dbt would add `_v1`.
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
    {%- if custom_alias_name is none and node.version and node.version == node.latest_version -%}
        {{ return(node.name) }}
    {%- endif -%}
    {{ return(dbt.default__generate_alias_name(custom_alias_name, node)) }}
{%- endmacro %}
