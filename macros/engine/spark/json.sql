-- Spark reads JSON by Jackson, which stops after a value, and forgives more unless told otherwise.


-- What follows a value is not looked at: so the text must be the only item of a list, and the only value of an object.
{% macro spark__is_json(text) -%}
    {%- set strict = "map('allowSingleQuotes', 'false', 'allowNonNumericNumbers', 'false')" -%}
    (
        coalesce(size(from_json('[' || {{ text }} || ']', 'array<string>', {{ strict }})), 0) = 1
        and from_json('{"value":' || {{ text }} || '}', 'map<string, string>', {{ strict }}) is not null
    )
{%- endmacro %}


{% macro spark__json_or_null(text) -%}
    {%- set low = '[dD][c-fC-F][0-9a-fA-F]{2}' -%}
    {%- set high = '[dD][89abAB][0-9a-fA-F]{2}' -%}
    {%- set aside = "regexp_replace(replace(" ~ text ~ ", r'\\\\', chr(1)), r'\\\\u(" ~ high ~ ")\\\\u(" ~ low
        ~ ")', chr(2) || '$1' || chr(2) || '$2')" -%}
    {%- set mended = "replace(replace(regexp_replace(" ~ aside ~ ", r'\\\\u[dD][89a-fA-F][0-9a-fA-F]{2}', r'\\\\ufffd')"
        ~ ", chr(2), r'\\u'), chr(1), r'\\\\')" -%}
    case
        when not {{ is_json(text) }} then null
        when {{ text }} rlike r'\\u[dD][89a-fA-F]' then {{ mended }}
        else {{ text }}
    end
{%- endmacro %}


{% macro spark__json_object_or_null(text) -%}
    case when {{ text }} rlike r'\A\s*\{' then {{ json_or_null(text) }} end
{%- endmacro %}


{% macro spark__json_text(object, key) -%}
    get_json_object({{ object }}, '$.{{ key }}')
{%- endmacro %}


-- Asked of a list, Spark keeps the quotes of strings.
{% macro spark__json_value(object, key) -%}
    get_json_object('[' || {{ object }} || ']', '$[*].{{ key }}')
{%- endmacro %}


{% macro spark__json_is_count(object, key) -%}
    coalesce({{ json_measure(object, key) }} % 1 = 0 and try_cast({{ json_text(object, key) }} as double) % 1 = 0, false)
{%- endmacro %}


{% macro spark__row_as_json(row) -%}
    to_json({{ row }}, map('ignoreNullFields', 'false'))
{%- endmacro %}


-- Strings are matched first, so that what looks like a key inside of them stays.
{% macro spark__without_nulls(json) -%}
    {%- set string = '"(?:[^"\\\\]|\\\\.)*+"' -%}
    {%- set is_null = '\\s*:\\s*null' -%}
    case
        when {{ is_json(json) }} then regexp_replace(
            regexp_replace({{ json }}, r'({{ string }}(?!{{ is_null }}))|{{ string }}{{ is_null }}\s*,?', '$1'),
            r'({{ string }})|,(?=\s*\})', '$1'
        )
        else {{ json }}
    end
{%- endmacro %}
