-- Exact numbers by DuckDB's 128-bit `hugeint`, and its whole division `//`.


{% macro duckdb__round_ratio(numerator, denominator, decimals) -%}
    {%- set over = 'cast(' ~ numerator ~ ' as hugeint)' -%}
    {%- set under = 'cast(' ~ denominator ~ ' as hugeint)' -%}
    {%- set scaled -%}
        (
            {{ over }} // {{ under }} * {{ 10 ** decimals }}
            + ({{ 2 * 10 ** decimals }} * ({{ over }} % {{ under }}) + {{ under }}) // (2 * {{ under }})
        )
    {%- endset -%}
    case
        when {{ denominator }} = 0 then 0
        {% if decimals == 0 -%}
        else cast({{ scaled }} as bigint)
        {%- else -%}
        -- a division of floats is exact to the last digit only if both are
        when {{ scaled }} > 9007199254740992 then cast({{ scaled }} || 'e-{{ decimals }}' as double)
        else cast({{ scaled }} as double) / {{ 10 ** decimals }}
        {%- endif %}
    end
{%- endmacro %}


{% macro duckdb__billionths(measure) -%}
    (cast(trunc({{ measure }}) as hugeint) * 1000000000 + cast(({{ measure }} % 1) * 1000000000 as hugeint))
{%- endmacro %}


{% macro duckdb__twice_median(expression) -%}
    quantile_disc({{ expression }}, 0.5) - quantile_disc(-({{ expression }}), 0.5)
{%- endmacro %}


{% macro duckdb__hash_key(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}


{% macro duckdb__short_number(number) -%}
    regexp_replace(cast({{ number }} as varchar), '\.0$', '')
{%- endmacro %}


{% macro duckdb__percentiles_at(expression, percents) -%}
    quantile_cont(cast({{ expression }} as double), [
        {%- for percent in percents %}{{ percent / 100 }}{{ ', ' if not loop.last }}{% endfor -%}
    ])
{%- endmacro %}


{% macro duckdb__cost_of_tokens(runs, prices, kinds) -%}
    {%- set terms = [] -%}
    {%- for kind in kinds -%}
        {%- do terms.append(
            "coalesce(cast(" ~ runs ~ "." ~ kind ~ "_tokens as hugeint) * " ~ billionths(prices ~ '.' ~ kind) ~ ", 0)"
        ) -%}
    {%- endfor -%}
    {%- set billionths_of_usd = "((" ~ terms | join(' + ') ~ " + 500000) // 1000000)" -%}
    try_cast(
        {{ billionths_of_usd }} // 1000000000 || '.' || lpad(cast({{ billionths_of_usd }} % 1000000000 as varchar), 9, '0')
        as {{ measure_type() }}
    )
{%- endmacro %}
