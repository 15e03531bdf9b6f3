-- Spark's lengths of time are intervals, which take one type for each part.


{% macro spark__microseconds_between(start, end) -%}
    timestampdiff(microsecond, cast({{ start }} as timestamp), cast({{ end }} as timestamp))
{%- endmacro %}


{% macro spark__days_between(start, end) -%}
    cast(datediff(cast({{ end }} as date), cast({{ start }} as date)) as bigint)
{%- endmacro %}


{% macro spark__plus_days(moment, days) -%}
    (cast({{ moment }} as timestamp) + make_dt_interval(cast({{ days }} as int)))
{%- endmacro %}


{% macro spark__plus_hours(moment, hours) -%}
    (cast({{ moment }} as timestamp) + make_dt_interval(0, cast({{ hours }} as int)))
{%- endmacro %}


-- An interval takes seconds as a decimal, and no other part of it takes 64 bits.
{% macro spark__plus_microseconds(moment, microseconds) -%}
    (
        cast({{ moment }} as timestamp) + make_dt_interval(
            0, 0, 0, cast(cast({{ microseconds }} as decimal(19, 0)) * cast(0.000001 as decimal(6, 6)) as decimal(18, 6))
        )
    )
{%- endmacro %}


{% macro spark__timestamp_text(timestamp) -%}
    date_format({{ timestamp }}, 'yyyy-MM-dd') || 'T' || date_format({{ timestamp }}, 'HH:mm:ss') || 'Z'
{%- endmacro %}


{% macro spark__timestamp_of_text(text) -%}
    cast({{ text }} as timestamp)
{%- endmacro %}


-- A sequence that would run backwards fails: of such days there are none.
{% macro spark__each_day(first_day, last_day) -%}
    explode(case
        when {{ first_day }} <= {{ last_day }}
            then sequence(cast({{ first_day }} as date), cast({{ last_day }} as date), interval 1 day)
        else array()
    end)
{%- endmacro %}
