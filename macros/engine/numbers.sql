-- Exact arithmetic, and what engines name differently.


-- A rational number rounded once, half away from zero, in whole numbers throughout: a float's own rounding would
-- miss ties. Both sides are whole numbers of 0 or more; 0 when the denominator is 0.
{% macro round_ratio(numerator, denominator, decimals) -%}
    {{ return(adapter.dispatch('round_ratio')(numerator, denominator, decimals)) }}
{%- endmacro %}

{% macro duckdb__round_ratio(numerator, denominator, decimals) -%}
    {%- set scaled -%}
        (
            {{ 2 * 10 ** decimals }} * cast({{ numerator }} as hugeint) + cast({{ denominator }} as hugeint)
        ) // (2 * cast({{ denominator }} as hugeint))
    {%- endset -%}
    case
        when {{ denominator }} = 0 then 0
        {% if decimals == 0 -%}
        else cast({{ scaled }} as bigint)
        {%- else -%}
        else cast({{ scaled }} as double) / {{ 10 ** decimals }}
        {%- endif %}
    end
{%- endmacro %}


-- A measure as a whole number of billionths: exact, and summed without limit.
{% macro billionths(measure) -%}
    {{ return(adapter.dispatch('billionths')(measure)) }}
{%- endmacro %}

{% macro duckdb__billionths(measure) -%}
    cast({{ measure }} * 1000000000 as hugeint)
{%- endmacro %}


-- Twice the median of whole numbers, so that the mean of the middle two stays whole.
{% macro twice_median(expression) -%}
    {{ return(adapter.dispatch('twice_median')(expression)) }}
{%- endmacro %}

{% macro duckdb__twice_median(expression) -%}
    quantile_disc({{ expression }}, 0.5) - quantile_disc(-({{ expression }}), 0.5)
{%- endmacro %}


-- A whole number that is equal for equal keys, and hardly ever for others.
{% macro hash_key(columns) -%}
    {{ return(adapter.dispatch('hash_key')(columns)) }}
{%- endmacro %}

{% macro duckdb__hash_key(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}


-- Microseconds as exact milliseconds.
{% macro milliseconds(microseconds) -%}
    cast({{ microseconds }} as decimal(19, 0)) * cast(0.001 as decimal(4, 3))
{%- endmacro %}


-- A number with its last decimals dropped where they are 0: 4.5, but 4.
{% macro short_number(number) -%}
    {{ return(adapter.dispatch('short_number')(number)) }}
{%- endmacro %}

{% macro duckdb__short_number(number) -%}
    regexp_replace(cast({{ number }} as varchar), '\.0$', '')
{%- endmacro %}


-- A float that is meant to have one decimal, as the float nearest to it.
{% macro one_decimal(number) -%}
    round({{ number }}, 1)
{%- endmacro %}


-- The percentiles as a list, interpolated linearly, so that the 50th is the median; null for no rows.
{% macro percentiles_of(expression) -%}
    {{ return(adapter.dispatch('percentiles_of')(expression)) }}
{%- endmacro %}

{% macro duckdb__percentiles_of(expression) -%}
    quantile_cont(cast({{ expression }} as double), [
        {%- for percentile in percentiles() %}{{ percentile / 100 }}{{ ', ' if not loop.last }}{% endfor -%}
    ])
{%- endmacro %}
