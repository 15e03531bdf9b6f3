-- DuckDB's timestamps and intervals.


{% macro duckdb__microseconds_between(start, end) -%}
    date_diff('microsecond', cast({{ start }} as timestamp), cast({{ end }} as timestamp))
{%- endmacro %}


{% macro duckdb__days_between(start, end) -%}
    date_diff('day', cast({{ start }} as timestamp), cast({{ end }} as timestamp))
{%- endmacro %}


{% macro duckdb__plus_days(moment, days) -%}
    ({{ moment }} + cast({{ days }} as bigint) * interval 1 day)
{%- endmacro %}


{% macro duckdb__plus_hours(moment, hours) -%}
    ({{ moment }} + cast({{ hours }} as bigint) * interval 1 hour)
{%- endmacro %}


{% macro duckdb__plus_microseconds(moment, microseconds) -%}
    ({{ moment }} + cast({{ microseconds }} as bigint) * interval 1 microsecond)
{%- endmacro %}


{% macro duckdb__timestamp_text(timestamp) -%}
    strftime({{ timestamp }}, '%Y-%m-%dT%H:%M:%SZ')
{%- endmacro %}


{% macro duckdb__timestamp_of_text(text) -%}
    strptime({{ text }}, '%Y-%m-%dT%H:%M:%SZ')
{%- endmacro %}


{% macro duckdb__each_day(first_day, last_day) -%}
    cast(unnest(generate_series(
        cast({{ first_day }} as timestamp), cast({{ last_day }} as timestamp), interval 1 day
    )) as date)
{%- endmacro %}
