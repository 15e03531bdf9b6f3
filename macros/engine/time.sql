-- Lengths of time and shifted times, with fractions of a second and nulls. dbt's own `datediff` and `dateadd` lose fractions,
-- or fail on nulls, on some engines.


-- Microseconds from one timestamp to another.
{% macro microseconds_between(start, end) -%}
    {{ return(adapter.dispatch('microseconds_between')(start, end)) }}
{%- endmacro %}


-- Midnights from one date or timestamp to another.
{% macro days_between(start, end) -%}
    {{ return(adapter.dispatch('days_between')(start, end)) }}
{%- endmacro %}


-- A date or timestamp, so many days later.
{% macro plus_days(moment, days) -%}
    {{ return(adapter.dispatch('plus_days')(moment, days)) }}
{%- endmacro %}


-- A timestamp, so many hours later.
{% macro plus_hours(moment, hours) -%}
    {{ return(adapter.dispatch('plus_hours')(moment, hours)) }}
{%- endmacro %}


-- A timestamp, so many microseconds later.
{% macro plus_microseconds(moment, microseconds) -%}
    {{ return(adapter.dispatch('plus_microseconds')(moment, microseconds)) }}
{%- endmacro %}


-- The earlier of two timestamps, either of which may be null: least() is null then on some engines.
{% macro earlier(one, other) -%}
    case when {{ one }} < {{ other }} then {{ one }} else coalesce({{ other }}, {{ one }}) end
{%- endmacro %}


-- A timestamp as documents write it: `2026-06-02T14:00:00Z`, without fractions of a second.
{% macro timestamp_text(timestamp) -%}
    {{ return(adapter.dispatch('timestamp_text')(timestamp)) }}
{%- endmacro %}


-- What timestamp_text() wrote, as a timestamp.
{% macro timestamp_of_text(text) -%}
    {{ return(adapter.dispatch('timestamp_of_text')(text)) }}
{%- endmacro %}


-- In a select list, a row for each day from one date to another, both included; engines list days their own way.
{% macro each_day(first_day, last_day) -%}
    {{ return(adapter.dispatch('each_day')(first_day, last_day)) }}
{%- endmacro %}
