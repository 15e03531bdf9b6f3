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


-- The lines with `line_of_key`, the place of each among the lines of its file with the same key, and `preference`, its place
-- among all of them: the user's own come first.
{% macro numbered_lines(lines, key) -%}
    select
        *,
        row_number() over (partition by file, {{ key | join(', ') }} order by line_number asc, line asc) as line_of_key,
        row_number() over (
            partition by {{ key | join(', ') }} order by is_own desc, line_number asc, line asc
        ) as preference
    from {{ lines }}
{%- endmacro %}


-- A checksum of the lines of a seed that are in use; a text.
{% macro lines_checksum(name) -%}
    {%- set columns = {
        'station_aliases': ['station_name', 'org_id', 'station'],
        'model_prices': ['model_name', 'is_prefix', 'valid_from', 'valid_to'] + token_kinds() | list,
        'model_providers': ['prefix', 'provider'],
    }[name] -%}
    {{ rows_checksum('(select * from ' ~ ref('stg_' ~ name) ~ ' where is_in_use)', columns) }}
{%- endmacro %}


-- A text as a field of a CSV line.
{% macro csv_field(text) -%}
    case
        when {{ text }} like '%,%' or {{ text }} like '%"%' then '"' || replace({{ text }}, '"', '""') || '"'
        else {{ text }}
    end
{%- endmacro %}


-- The name of a model, or its beginning: letter case and blanks do not matter.
{% macro model_name(text) -%}
    {{ without_blanks(lower_case(text)) }}
{%- endmacro %}


-- A condition: whether one text begins with another.
{% macro begins_with(text, beginning) -%}
    substr({{ text }}, 1, length({{ beginning }})) = {{ beginning }}
{%- endmacro %}
