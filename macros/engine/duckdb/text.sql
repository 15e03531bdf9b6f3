-- Text that the logs deliver, made into values without ever failing a run. DuckDB's regular expressions are RE2.


{% macro duckdb__sql_text(text) -%}
    '{{ text | replace("'", "''") }}'
{%- endmacro %}


-- Unicode's white space as a character class; trim() knows only some of it, and is slower.
{% macro blank_characters() -%}
    \s\x0b\x1c-\x1f\x85\p{Z}
{%- endmacro %}


{% macro duckdb__trimmed(text) -%}
    regexp_replace({{ text }}, '^[{{ blank_characters() }}]+|[{{ blank_characters() }}]+$', '', 'g')
{%- endmacro %}


{% macro duckdb__null_if_blank(text) -%}
    case when regexp_matches({{ text }}, '[^{{ blank_characters() }}]') then {{ text }} end
{%- endmacro %}


-- The cast takes more than the standard (names of zones, 'epoch', an offset of 25 hours) and less (basic format, no seconds,
-- a comma): so there are patterns.
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


-- The cast alone takes underscores, and is a hundred times slower to more than 18 digits: usual numbers take a short way.
{% macro duckdb__parse_measure(text) -%}
    case
        when regexp_full_match({{ text }}, '\d{1,9}(\.\d{1,9})?')
            then cast(try_cast({{ text }} as decimal(18, 9)) as {{ measure_type() }})
        when regexp_full_match(
            {{ trimmed(text) }}, '(\+?(\d+\.?\d*|\.\d+)|-(0+\.?0*|\.0+))([eE][+-]?\d+)?'
        ) then try_cast({{ trimmed(text) }} as {{ measure_type() }})
    end
{%- endmacro %}


{% macro duckdb__lower_case(text) -%}
    lower({{ text }})
{%- endmacro %}


{% macro duckdb__without_blanks(text) -%}
    regexp_replace({{ text }}, '[{{ blank_characters() }}]+', '', 'g')
{%- endmacro %}


{% macro duckdb__one_separator(text) -%}
    regexp_replace({{ text }}, '[-_{{ blank_characters() }}]+', '-', 'g')
{%- endmacro %}


{% macro duckdb__parse_date(text) -%}
    case when regexp_full_match({{ trimmed(text) }}, '\d{4}-\d{2}-\d{2}') then try_cast({{ trimmed(text) }} as date) end
{%- endmacro %}
