-- JSON on DuckDB. Its functions fail on text that is no JSON, and take some that is none.


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


{% macro duckdb__json_is_true(object, key) -%}
    coalesce(cast(json_extract({{ object }}, '$.{{ key }}') as varchar) = 'true', false)
{%- endmacro %}


{% macro duckdb__json_measure(object, key) -%}
    {{ parse_measure("cast(json_extract(" ~ object ~ ", '$." ~ key ~ "') as varchar)") }}
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
