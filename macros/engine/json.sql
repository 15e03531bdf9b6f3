-- Reading JSON text. Every engine has functions of its own; all of these are null for null.


-- DuckDB's parser forgives a comma before a closing bracket, NaN and Infinity, which are no JSON: text that may have
-- them is looked at again without its string literals.
{% macro is_json(text) -%}
    {{ return(adapter.dispatch('is_json')(text)) }}
{%- endmacro %}

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


-- The text if it is JSON, else null: what the functions below can read without an error.
--
-- By its grammar JSON may have an escape that is half a character, such as `"\ud83d"`, where text was cut; DuckDB's parser
-- refuses it. It becomes U+FFFD. Escapes of other backslashes and whole pairs are put aside first, by characters that no
-- JSON text has.
{% macro json_or_null(text) -%}
    {{ return(adapter.dispatch('json_or_null')(text)) }}
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


-- The text if it is a JSON object, else null.
{% macro json_object_or_null(text) -%}
    case when regexp_matches({{ text }}, '^\s*\{') then {{ json_or_null(text) }} end
{%- endmacro %}


-- The value of a key as text: strings without their quotes, anything else as JSON text.
{% macro json_text(object, key) -%}
    {{ return(adapter.dispatch('json_text')(object, key)) }}
{%- endmacro %}

{% macro duckdb__json_text(object, key) -%}
    json_extract_string({{ object }}, '$.{{ key }}')
{%- endmacro %}


-- Whether the value of a key is true itself: the string "true" is not.
{% macro json_is_true(object, key) -%}
    {{ return(adapter.dispatch('json_is_true')(object, key)) }}
{%- endmacro %}

{% macro duckdb__json_is_true(object, key) -%}
    coalesce(cast(json_extract({{ object }}, '$.{{ key }}') as varchar) = 'true', false)
{%- endmacro %}


-- The value of a key if it is itself a number of 0 or more (the string "5" is not), else null.
{% macro json_measure(object, key) -%}
    {{ return(adapter.dispatch('json_measure')(object, key)) }}
{%- endmacro %}

{% macro duckdb__json_measure(object, key) -%}
    {{ parse_measure("cast(json_extract(" ~ object ~ ", '$." ~ key ~ "') as varchar)") }}
{%- endmacro %}


-- A row of a relation, or a struct, as JSON text.
{% macro row_as_json(row) -%}
    {{ return(adapter.dispatch('row_as_json')(row)) }}
{%- endmacro %}

{% macro duckdb__row_as_json(row) -%}
    cast(to_json({{ row }}) as varchar)
{%- endmacro %}


-- JSON text without the keys whose value is null; any other text as it is. No dialect spells it the same way.
{% macro without_nulls(json) -%}
    {{ return(adapter.dispatch('without_nulls')(json)) }}
{%- endmacro %}

{% macro duckdb__without_nulls(json) -%}
    case when json_valid({{ json }}) then cast(json_merge_patch('{}', {{ json }}) as varchar) else {{ json }} end
{%- endmacro %}
