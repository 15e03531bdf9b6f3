-- The as-of as the var gives it.


-- ISO 8601 as a regular expression, whose first groups are year, month and day. Python reads it, too.
{% macro iso_8601() -%}
    {{ return(
        '([0-9]{4})-?(0[1-9]|1[0-2])-?(0[1-9]|[12][0-9]|3[01])'
        '([T ]([01][0-9]|2[0-3])(:?[0-5][0-9](:?[0-5][0-9]([.,][0-9]+)?)?)?(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?)?'
    ) }}
{%- endmacro %}


-- An instant given as ISO 8601 (or as what YAML makes of it) as text in UTC; without an offset it is UTC.
{% macro utc_instant(text) -%}
    {%- set match = modules.re.fullmatch(iso_8601(), text | string | trim) -%}
    {%- if not match or match.group(1) == '0000' or not is_day_of_month(match) -%}
        {{ exceptions.raise_compiler_error(
            "the var as_of is '" ~ text ~ "', which is not an ISO 8601 instant: write it like 2026-06-30T12:00:00Z"
        ) }}
    {%- endif -%}
    {%- set instant = modules.datetime.datetime.fromisoformat(text | string | trim) -%}
    {%- if instant.tzinfo -%}
        {%- set instant = instant.astimezone(modules.pytz.utc) -%}
    {%- endif -%}
    {{ return(instant.strftime('%Y-%m-%d %H:%M:%S.%f')) }}
{%- endmacro %}


-- Whether the month has the day, for a match of year, month and day.
{% macro is_day_of_month(match) -%}
    {%- set first = modules.datetime.date(match.group(1) | int, match.group(2) | int, 1) -%}
    {{ return((first + modules.datetime.timedelta(days=match.group(3) | int - 1)).month == first.month) }}
{%- endmacro %}
