-- What users may add to a seed of the project: lines in a file of the same name and columns, in the folder that the var
-- seeds_path names.


-- The lines of a seed, the project's and the user's own: its columns as text, the line itself, its file, its number there
-- (null for the project's, which are rows of a table) and whether it is the user's.
{% macro seed_lines(name, columns) -%}
    {%- set values = [] -%}
    {%- for column in columns -%}
        {%- do values.append("coalesce(" ~ column ~ ", '')") -%}
    {%- endfor %}
    select
        {{ columns | join(', ') }},
        {{ values | join(" || ',' || ") }} as line,
        'seeds/{{ name }}.csv' as file,
        cast(null as bigint) as line_number,
        false as is_own
    from {{ ref(name) }}
    {%- if var('seeds_path') %}
    union all
    {{ own_seed_lines(name, columns) }}
    {%- endif %}
{%- endmacro %}


-- The name of a model, or its beginning: letter case and blanks do not matter.
{% macro model_name(text) -%}
    {{ without_blanks('lower(' ~ text ~ ')') }}
{%- endmacro %}
