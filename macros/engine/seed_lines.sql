-- The user's own lines of a seed, from the folder that the var seeds_path names: its columns as text, `line`, `file`,
-- `line_number`, `is_own`. Each engine reads files its own way.
{% macro own_seed_lines(name, columns) -%}
    {{ return(adapter.dispatch('own_seed_lines')(name, columns)) }}
{%- endmacro %}
