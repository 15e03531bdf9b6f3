-- Numbers as documents and views have them: ratios, amounts, lengths of time, percentiles.


-- The unrounded quotient, for readers of the marts; 0 when the denominator is 0.
{% macro ratio(numerator, denominator) -%}
    case
        when {{ denominator }} = 0 then 0
        else cast({{ numerator }} as double) / {{ denominator }}
    end
{%- endmacro %}


-- A percentage (0-100) with 1 decimal.
{% macro percentage(part, whole) -%}
    {{ round_ratio('100 * ' ~ part, whole, 1) }}
{%- endmacro %}


-- An exact sum of USD, rounded to 4 decimals.
{% macro usd(amount) -%}
    {{ nearest_float('round(' ~ amount ~ ', 4)') }}
{%- endmacro %}


-- The median in milliseconds of lengths given by twice_median() in microseconds; 0 for none.
{% macro median_ms(twice_median_us) -%}
    {{ round_ratio('coalesce(' ~ twice_median_us ~ ', 0)', 2000, 0) }}
{%- endmacro %}


-- How a length of time is written: unit, its seconds, decimals; the shortest unit first. Python reads it, too, see
-- scripts/factory_metrics/shared_constants.py.
{% macro length_units() -%}
    {{ return([('s', 1, 0), ('m', 60, 0), ('h', 3600, 1), ('d', 86400, 1)]) }}
{%- endmacro %}


-- A length of time as people read it: 45s, 15m, 4.5h, 2.3d. The unit is chosen before rounding; n/a for no length.
-- The length is `microseconds / count`, both whole numbers.
{% macro length_text(microseconds, count) -%}
    {%- set units = length_units() -%}
    case
        when {{ count }} = 0 then 'n/a'
        {%- for unit, seconds, decimals in units %}
        {%- set length = round_ratio(microseconds, seconds * 1000000 ~ ' * ' ~ count, decimals) %}
        {% if loop.last -%} else
        {%- else -%} when {{ microseconds }} < {{ units[loop.index][1] * 1000000 }} * {{ count }} then
        {%- endif %} {{ short_number(length) if decimals else length }} || '{{ unit }}'
        {%- endfor %}
    end
{%- endmacro %}


-- The percentiles that percentiles_of() gave as columns: `cycle_time_p50_ms` and so on. Milliseconds are whole, of
-- microseconds; USD have 4 decimals. Null for none.
{% macro percentile_columns(name, unit, list) -%}
    {%- for percentile in percentiles() %}
    {%- set value = list_element(list, loop.index) %}
    {% if unit == 'ms' -%}
    {{ whole_number(value ~ ' / 1000') }}
    {%- else -%}
    round({{ value }}, 4)
    {%- endif %} as {{ name }}_p{{ percentile }}_{{ unit }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


-- The percentiles that views have.
{% macro percentiles() -%}
    {{ return([50, 75, 90, 95]) }}
{%- endmacro %}


-- These percentiles of a number over the rows of a group, as a list; null for no rows.
{% macro percentiles_of(expression) -%}
    {{ percentiles_at(expression, percentiles()) }}
{%- endmacro %}
