-- The columns of a part of a log, whatever engine reads them.


-- Every column that any part with columns of its own has, with its type; the type is null where parts differ.
{% macro raw_column_types(parts) -%}
    {%- set types = {} -%}
    {%- for part in parts if part.kind in ('parquet', 'table') -%}
        {%- for column, type in part.columns.items() -%}
            {%- do types.update({column: type if types.get(column, type) == type else none}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}


-- The columns of a part that have one of these names, in the order of the names. The letter case of columns does not matter.
{% macro columns_called(part, names) -%}
    {{ return(names | map('lower') | select('in', part.columns) | list) }}
{%- endmacro %}


-- The first of these readings that has a value.
{% macro first_given(readings) -%}
    {%- if readings | length == 1 -%}
        {{ readings[0].landed }}
    {%- else -%}
        case
            -- mostly so, and quickly seen
            when {% for other in readings[1:] %}{{ other.value }} is null{{ ' and ' if not loop.last }}{% endfor %} then {{ readings[0].landed }}
            {%- for reading in readings[:-1] %}
            when {{ reading.is_given }} then {{ reading.landed }}
            {%- endfor %}
            else {{ readings[-1].landed }}
        end
    {%- endif -%}
{%- endmacro %}


-- A column of the log, and for a measure whether it has a value.
{% macro landed_columns(column, kind, readings) -%}
    {% if readings %}{{ first_given(readings) }}{% else %}cast(null as {{ landed_type(kind) }}){% endif %} as {{ column }},
    {% if kind == 'measure' -%}
    {{ readings | map(attribute='is_given') | join(' or ') or 'false' }} as has_{{ column }},
    {% endif -%}
{%- endmacro %}


-- Whether a type of DuckDB's holds numbers as they are written. A float does not: its text says what is meant.
{% macro is_exact_number(type) -%}
    {{ return(type.split('(')[0] in (
        'TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT', 'UTINYINT', 'USMALLINT', 'UINTEGER', 'UBIGINT', 'UHUGEINT',
        'DECIMAL',
    ) and not type.endswith(']')) }}
{%- endmacro %}


-- Stops a run whose part lacks a required column, or has the rows of the other log.
{% macro assert_columns(part, log, columns, optional) -%}
    {%- set places = [part.relation | string] if part.kind == 'table' else [] -%}
    {%- for path in part.paths or [] -%}
        {%- do places.append(path[part.prefix | length:]) -%}
    {%- endfor -%}
    {#- a folder may have very many files of one form -#}
    {%- set named = places[:3] | join(', ') ~ (' and ' ~ places[3:] | length ~ ' more' if places[3:] else '') -%}
    {%- set has = ", which has: " ~ part.columns.keys() | join(', ') -%}
    {%- if log == 'factory_metrics' and not columns_called(part, ['station'])
        and columns_called(part, spellings(['event_type'])) -%}
        {{ exceptions.raise_compiler_error(
            "there are rows of factory_events, not of " ~ log ~ ", in " ~ named ~ has
        ) }}
    {%- endif -%}
    {%- for column in columns if column not in optional and not columns_called(part, columns[column].names) -%}
        {{ exceptions.raise_compiler_error(
            "the required column " ~ columns[column].names | join(' or ') ~ " is missing in " ~ named ~ has
        ) }}
    {%- endfor -%}
{%- endmacro %}
