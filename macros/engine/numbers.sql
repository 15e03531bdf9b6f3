-- Exact arithmetic, and what engines name differently.


-- A rational number rounded once, half away from zero, in whole numbers throughout: a float's own rounding would
-- miss ties. Both sides are whole numbers of 0 or more; 0 when the denominator is 0. Only what the division leaves is
-- scaled, so that the largest sums still fit.
{% macro round_ratio(numerator, denominator, decimals) -%}
    {{ return(adapter.dispatch('round_ratio')(numerator, denominator, decimals)) }}
{%- endmacro %}


-- A float of 0 or more as a whole number. Beyond 64 bits it is the largest that they hold, which as a float is above itself.
{% macro whole_number(number) -%}
    case
        when {{ number }} >= 9223372036854775807 then 9223372036854775807
        else cast(round({{ number }}) as bigint)
    end
{%- endmacro %}


-- A measure as a whole number of billionths: exact, and summed without limit.
{% macro billionths(measure) -%}
    {{ return(adapter.dispatch('billionths')(measure)) }}
{%- endmacro %}


-- A decimal with 4 decimals as the float nearest to it; the cast alone misses large ones by a digit.
{% macro nearest_float(number) -%}
    case
        when {{ number }} > 900000000000 then cast(cast({{ number }} as {{ dbt.type_string() }}) as double)
        else cast({{ number }} as double)
    end
{%- endmacro %}


-- Twice the median of whole numbers, so that the mean of the middle two stays whole.
{% macro twice_median(expression) -%}
    {{ return(adapter.dispatch('twice_median')(expression)) }}
{%- endmacro %}


-- A whole number that is equal for equal keys, and hardly ever for others.
{% macro hash_key(columns) -%}
    {{ return(adapter.dispatch('hash_key')(columns)) }}
{%- endmacro %}


-- Microseconds as exact milliseconds.
{% macro milliseconds(microseconds) -%}
    cast({{ microseconds }} as decimal(19, 0)) * cast(0.001 as decimal(4, 3))
{%- endmacro %}


-- A number with its last decimals dropped where they are 0: 4.5, but 4.
{% macro short_number(number) -%}
    {{ return(adapter.dispatch('short_number')(number)) }}
{%- endmacro %}


-- A float that is meant to have one decimal, as the float nearest to it.
{% macro one_decimal(number) -%}
    round({{ number }}, 1)
{%- endmacro %}


-- Percentiles as a list, interpolated linearly, so that the 50th is the median; null for no rows.
{% macro percentiles_at(expression, percents) -%}
    {{ return(adapter.dispatch('percentiles_at')(expression, percents)) }}
{%- endmacro %}


-- What tokens cost at prices in USD per million: computed in whole numbers and rounded once, to 9 decimals, half away from
-- zero; null where that does not fit a measure. A kind without a price has no tokens.
{% macro cost_of_tokens(runs, prices, kinds) -%}
    {{ return(adapter.dispatch('cost_of_tokens')(runs, prices, kinds)) }}
{%- endmacro %}
