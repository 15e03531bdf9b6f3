-- JSON by DuckDB's own parser, which forgives some text, and refuses some.


-- The parser forgives a comma before a closing bracket, NaN and Infinity: text that may have them is looked at again without
-- its string literals.
{% macro duckdb__is_json(text) -%}
    {%- set forgiven = '(?i),\\s*[}\\]]|nan|inf' -%}
    (
        json_valid({{ text }})
        and case
            when regexp_matches({{ text }}, '{{ forgiven }}')
                then not regexp_matches(regexp_replace({{ text }}, '"(\\.|[^"\\])*"', '""', 'g'), '{{ forgiven }}')
            else true
        end
    )
{%- endmacro %}


-- The parser refuses an escape that is half a character.
{% macro duckdb__json_or_null(text) -%}
    {%- set low = '[dD][c-fC-F][0-9a-fA-F]{2}' -%}
    {%- set high = '[dD][89abAB][0-9a-fA-F]{2}' -%}
    {%- set aside = "regexp_replace(replace(" ~ text ~ ", '\\\\', chr(1)), '\\\\u(" ~ high ~ ")\\\\u(" ~ low
        ~ ")', chr(2) || '\\1' || chr(2) || '\\2', 'g')" -%}
    {%- set mended = "replace(replace(regexp_replace(" ~ aside ~ ", '\\\\u[dD][89a-fA-F][0-9a-fA-F]{2}', '\\\\ufffd', 'g')"
        ~ ", chr(2), '\\u'), chr(1), '\\\\')" -%}
    case
        when {{ is_json(text) }} then {{ text }}
        when regexp_matches({{ text }}, '\\u[dD][89a-fA-F]') and not regexp_matches({{ text }}, '[\x01\x02]')
            and {{ is_json(mended) }} then {{ mended }}
    end
{%- endmacro %}


{% macro duckdb__json_text(object, key) -%}
    json_extract_string({{ object }}, '$.{{ key }}')
{%- endmacro %}


{% macro duckdb__json_value(object, key) -%}
    cast(json_extract({{ object }}, '$.{{ key }}') as varchar)
{%- endmacro %}


{% macro duckdb__json_is_count(object, key) -%}
    coalesce({{ json_measure(object, key) }} % 1 = 0 and try_cast({{ json_text(object, key) }} as double) % 1 = 0, false)
{%- endmacro %}


{% macro duckdb__row_as_json(row) -%}
    cast(to_json({{ row }}) as varchar)
{%- endmacro %}


{% macro duckdb__without_nulls(json) -%}
    case when json_valid({{ json }}) then cast(json_merge_patch('{}', {{ json }}) as varchar) else {{ json }} end
{%- endmacro %}


{% macro duckdb__json_object_or_null(text) -%}
    case when regexp_matches({{ text }}, '^\s*\{') then {{ json_or_null(text) }} end
{%- endmacro %}
