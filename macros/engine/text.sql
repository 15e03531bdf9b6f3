-- Text as the logs deliver it, made into values. Every engine has patterns and casts of its own.


-- A text as a literal. dbt's own leaves backslashes to engines that give them a meaning.
{% macro sql_text(text) -%}
    {{ return(adapter.dispatch('sql_text')(text)) }}
{%- endmacro %}


-- Text without the blanks around it.
{% macro trimmed(text) -%}
    {{ return(adapter.dispatch('trimmed')(text)) }}
{%- endmacro %}


-- The text as it is, or null where it is blank.
{% macro null_if_blank(text) -%}
    {{ return(adapter.dispatch('null_if_blank')(text)) }}
{%- endmacro %}


-- An ISO 8601 instant as a UTC timestamp, else null. The casts of engines take more than the standard, and less.
{% macro parse_timestamp(text) -%}
    {{ return(adapter.dispatch('parse_timestamp')(text)) }}
{%- endmacro %}


-- A decimal number of 0 or more and below 1e19, rounded to 9 decimals, else null: before rounding, for -1e-12 is
-- negative, too.
{% macro parse_measure(text) -%}
    {{ return(adapter.dispatch('parse_measure')(text)) }}
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


-- The text in lower case, letter by letter.
{% macro lower_case(text) -%}
    {{ return(adapter.dispatch('lower_case')(text)) }}
{%- endmacro %}


-- A name that is compared without regard to letter case and the blanks around it.
{% macro clean_name(text) -%}
    {{ lower_case(trimmed(text)) }}
{%- endmacro %}


-- The text without any blanks.
{% macro without_blanks(text) -%}
    {{ return(adapter.dispatch('without_blanks')(text)) }}
{%- endmacro %}


-- A name with a hyphen for any run of hyphens, underscores and blanks.
{% macro one_separator(text) -%}
    {{ return(adapter.dispatch('one_separator')(text)) }}
{%- endmacro %}


-- A date of the form 2026-01-31, else null.
{% macro parse_date(text) -%}
    {{ return(adapter.dispatch('parse_date')(text)) }}
{%- endmacro %}
