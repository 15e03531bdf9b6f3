-- Text that the logs deliver, made into values without ever failing a run. DuckDB's regular expressions are RE2.


-- Unicode's white space as a character class; trim() knows only some of it, and is slower.
{% macro blank_characters() -%}
    \s\x0b\x1c-\x1f\x85\p{Z}
{%- endmacro %}


-- Text without the blanks around it.
{% macro trimmed(text) -%}
    {{ return(adapter.dispatch('trimmed')(text)) }}
{%- endmacro %}

{% macro duckdb__trimmed(text) -%}
    regexp_replace({{ text }}, '^[{{ blank_characters() }}]+|[{{ blank_characters() }}]+$', '', 'g')
{%- endmacro %}


-- The text as it is, or null where it is blank.
{% macro null_if_blank(text) -%}
    {{ return(adapter.dispatch('null_if_blank')(text)) }}
{%- endmacro %}

{% macro duckdb__null_if_blank(text) -%}
    case when regexp_matches({{ text }}, '[^{{ blank_characters() }}]') then {{ text }} end
{%- endmacro %}


-- An ISO 8601 instant as a UTC timestamp, else null. DuckDB's cast takes more than the standard (names of
-- zones, 'epoch', an offset of 25 hours) and less (basic format, no seconds, a comma): hence the patterns.
{% macro parse_timestamp(text) -%}
    {{ return(adapter.dispatch('parse_timestamp')(text)) }}
{%- endmacro %}

{% macro duckdb__parse_timestamp(text) -%}
    {%- set zone = '([+-]([01]\d|2[0-3])(:?[0-5]\d)?|[Zz])?' -%}
    {%- set usual = '\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?' ~ zone -%}
    {%- set any_form = '(\d{4}-\d{2}-\d{2}|\d{8})([Tt ]\d{2}(:?\d{2}(:?\d{2}([.,]\d+)?)?)? ?' ~ zone ~ ')?' -%}
    {%- set clean = trimmed(text) -%}
    cast(coalesce(
        case when regexp_full_match({{ text }}, '{{ usual }}') then try_cast({{ text }} as timestamptz) end,
        case when regexp_full_match({{ clean }}, '{{ any_form }}') then try_cast(
            regexp_replace(
                regexp_replace({{ clean }}, '^(\d{4})-?(\d{2})-?(\d{2}).*', '\1-\2-\3')
                || rpad(replace(regexp_extract({{ clean }}, '[Tt ]([\d:]+)', 1), ':', ''), 6, '0'),
                '(\d{2})(\d{2})(\d{2})$', ' \1:\2:\3'
            )
            || '.' || regexp_extract({{ clean }}, '[.,](\d+)', 1) || '0'
            || coalesce(nullif(regexp_extract({{ clean }}, '[Tt ].*([+-][\d:]+)$', 1), ''), '+00')
            as timestamptz
        ) end
    ) at time zone 'UTC' as timestamp)
{%- endmacro %}


-- A decimal number of 0 or more and below 1e19, rounded to 9 decimals, else null: before rounding, for -1e-12 is
-- negative, too. DuckDB's cast alone takes underscores, and is a hundred times slower to more than 18 digits: the usual
-- numbers take a short way.
{% macro parse_measure(text) -%}
    {{ return(adapter.dispatch('parse_measure')(text)) }}
{%- endmacro %}

{% macro duckdb__parse_measure(text) -%}
    case
        when regexp_full_match({{ text }}, '\d{1,9}(\.\d{1,9})?')
            then cast(try_cast({{ text }} as decimal(18, 9)) as {{ measure_type() }})
        when regexp_full_match(
            {{ trimmed(text) }}, '(\+?(\d+\.?\d*|\.\d+)|-(0+\.?0*|\.0+))([eE][+-]?\d+)?'
        ) then try_cast({{ trimmed(text) }} as {{ measure_type() }})
    end
{%- endmacro %}


-- The type of costs and durations: a sum of ten billion of them still fits into 38 digits.
{% macro measure_type() -%}
    decimal(28, 9)
{%- endmacro %}


-- A timestamp within the years 1 to 9999, else null: DuckDB has infinite ones, and others that no client reads.
{% macro in_calendar(timestamp) -%}
    case
        when {{ timestamp }} between timestamp '0001-01-01 00:00:00' and timestamp '9999-12-31 23:59:59.999999'
            then {{ timestamp }}
    end
{%- endmacro %}


-- A name that is compared without regard to letter case and the blanks around it.
{% macro clean_name(text) -%}
    lower({{ trimmed(text) }})
{%- endmacro %}
