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
