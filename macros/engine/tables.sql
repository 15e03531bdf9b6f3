-- What an engine's tables are like.


-- Whether rows of a table can be deleted, which models need to go on from what they have. Where not, each run builds all.
{% macro can_delete_rows() -%}
    {{ return(adapter.dispatch('can_delete_rows')()) }}
{%- endmacro %}


-- The name of a schema: `main` is what people query, others are named by what is in them.
{% macro schema_called(name) -%}
    {{ return(adapter.dispatch('schema_called')(name)) }}
{%- endmacro %}


-- The database of the warehouse, for engines whose relations have one.
{% macro warehouse_database() -%}
    {{ return(target.database or none) }}
{%- endmacro %}
