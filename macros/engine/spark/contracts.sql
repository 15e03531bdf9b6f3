-- Tables of Parquet keep no constraints: what must not be null is tested.
{% macro spark__persist_constraints(relation, model) -%}
{%- endmacro %}
