-- The user's own lines of a seed, from the folder that the var seeds_path names: its columns as text, `line`, `file`,
-- `line_number`, `is_own`. Dispatched because it reads a file.
{% macro own_seed_lines(name, columns) -%}
    {{ return(adapter.dispatch('own_seed_lines')(name, columns)) }}
{%- endmacro %}
