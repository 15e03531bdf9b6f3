-- What is read of a log, in the types that it is landed in.


-- The text that bytes are in UTF-8, else null: some writers do not mark text as such.
{% macro text_of_bytes(column) -%}
    try(decode({{ column }}))
{%- endmacro %}


-- A column as it arrived, in its landed type; null where that cannot be.
{% macro landed_value(column, type, kind) -%}
    {%- if type == 'BLOB' -%}
        {%- set column, type = text_of_bytes(column), 'VARCHAR' -%}
    {%- endif -%}
    {%- if kind == 'timestamp' -%}
        {%- if type == 'TIMESTAMP' -%}
            {{ column }}
        {%- elif type == 'TIMESTAMP WITH TIME ZONE' -%}
            {{ column }} at time zone 'UTC'
        {%- elif type == 'DATE' or type.startswith('TIMESTAMP_') -%}
            try_cast({{ column }} as timestamp)
        {%- elif type == 'VARCHAR' -%}
            {{ parse_timestamp(column) }}
        {%- elif type == 'JSON' -%}
            {{ parse_timestamp(json_string(unbroken_json(column))) }}
        {%- else -%}
            cast(null as timestamp)
        {%- endif -%}
    {%- elif kind == 'measure' -%}
        {%- if type == 'DOUBLE' -%}
            {#- beyond what a float holds to 9 decimals, its text says what is meant -#}
            case
                when {{ column }} between 0 and 9000000 then try_cast({{ column }} as {{ measure_type() }})
                else {{ parse_measure('cast(' ~ column ~ ' as varchar)') }}
            end
        {%- elif type == 'JSON' -%}
            {{ parse_measure(unwrapped_json(column)) }}
        {%- elif is_exact_number(type) -%}
            case when {{ column }} >= 0 then try_cast({{ column }} as {{ measure_type() }}) end
        {%- else -%}
            {{ parse_measure('cast(' ~ column ~ ' as varchar)') }}
        {%- endif -%}
    {%- elif kind == 'json' -%}
        {%- if type == 'VARCHAR' -%}
            {{ column }}
        {%- elif type == 'JSON' -%}
            {{ unwrapped_json(column) }}
        {%- else -%}
            {#- a struct has all keys that any row has -#}
            {{ without_nulls(row_as_json(column)) }}
        {%- endif -%}
    {%- elif type == 'JSON' -%}
        {{ unwrapped_json(column) }}
    {%- else -%}
        cast({{ column }} as varchar)
    {%- endif -%}
{%- endmacro %}


-- Whether a column has a value: null and blank text are none, whatever does not fit the column is one.
{% macro is_given(column, type) -%}
    {%- if type == 'VARCHAR' -%}
        {{ null_if_blank(column) }} is not null
    {%- elif type == 'JSON' -%}
        {{ null_if_blank(unwrapped_json(column)) }} is not null
    {%- elif type == 'BLOB' -%}
        {#- a row with bytes that are no text is unreadable -#}
        {{ null_if_blank(text_of_bytes(column)) }} is not null
    {%- else -%}
        {{ column }} is not null
    {%- endif -%}
{%- endmacro %}


-- JSON text; the text itself of a JSON string, since objects are also delivered as text, and null for JSON's null.
{% macro unwrapped_json(column) -%}
    case json_type({{ unbroken_json(column) }})
        when 'VARCHAR' then {{ column }} ->> '$'
        when 'NULL' then null
        else cast({{ column }} as varchar)
    end
{%- endmacro %}


-- A column of type JSON, null where it has no JSON: other programs write such columns, too.
{% macro unbroken_json(column) -%}
    case when json_valid(cast({{ column }} as varchar)) then {{ column }} end
{%- endmacro %}
