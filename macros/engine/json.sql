-- Reading JSON text. Every engine has functions of its own; all of these are null for null.


-- Whether a text is JSON as the standard says: a comma before a closing bracket, NaN and Infinity are not.
{% macro is_json(text) -%}
    {{ return(adapter.dispatch('is_json')(text)) }}
{%- endmacro %}


-- The text if it is JSON, else null: what the functions below can read without an error.
--
-- By its grammar JSON may have an escape that is half a character, such as `"\ud83d"`, where text was cut. It becomes
-- U+FFFD. Escapes of other backslashes and whole pairs are put aside first, by characters that no JSON text has.
{% macro json_or_null(text) -%}
    {{ return(adapter.dispatch('json_or_null')(text)) }}
{%- endmacro %}


-- The text if it is a JSON object, else null.
{% macro json_object_or_null(text) -%}
    {{ return(adapter.dispatch('json_object_or_null')(text)) }}
{%- endmacro %}


-- The value of a key as text: strings without their quotes, anything else as JSON text.
{% macro json_text(object, key) -%}
    {{ return(adapter.dispatch('json_text')(object, key)) }}
{%- endmacro %}


-- The value of a key as JSON text: strings with their quotes.
{% macro json_value(object, key) -%}
    {{ return(adapter.dispatch('json_value')(object, key)) }}
{%- endmacro %}


-- Whether the value of a key is true itself: the string "true" is not.
{% macro json_is_true(object, key) -%}
    coalesce({{ json_value(object, key) }} = 'true', false)
{%- endmacro %}


-- The value of a key if it is itself a number of 0 or more (the string "5" is not), else null.
{% macro json_measure(object, key) -%}
    {{ parse_measure(json_value(object, key)) }}
{%- endmacro %}


-- Whether the value of a key is itself a whole number of 0 or more. A measure is rounded, so that 1e-10 would be 0: a float
-- tells them apart, as far as JSON's numbers go.
{% macro json_is_count(object, key) -%}
    {{ return(adapter.dispatch('json_is_count')(object, key)) }}
{%- endmacro %}


-- A row of a relation, or a struct, as JSON text.
{% macro row_as_json(row) -%}
    {{ return(adapter.dispatch('row_as_json')(row)) }}
{%- endmacro %}


-- JSON text without the keys whose value is null; any other text as it is. No dialect spells it the same way.
{% macro without_nulls(json) -%}
    {{ return(adapter.dispatch('without_nulls')(json)) }}
{%- endmacro %}
