-- Numbers on Spark: exact by decimals of 38 digits.


-- Spark divides decimals to 38 digits in all, and its `div` gives 64 bits. So both sides are divided as on paper, in limbs of
-- 13 digits, from the highest: each step fits.
{% macro spark__round_ratio(numerator, denominator, decimals) -%}
    {%- set over = 'cast(' ~ numerator ~ ' as decimal(38, 0))' -%}
    {%- set under = 'cast(' ~ denominator ~ ' as decimal(38, 0))' -%}
    {%- set limb, two_limbs = 'cast(1e13 as decimal(14, 0))', 'cast(1e26 as decimal(27, 0))' -%}
    {%- set shifted = '(divided.rest * ' ~ limb ~ ' + limb)' -%}
    {%- set scaled -%}
        aggregate(
            array(
                cast({{ over }} div {{ two_limbs }} as decimal(38, 0)),
                cast({{ over }} % {{ two_limbs }} div {{ limb }} as decimal(38, 0)),
                cast({{ over }} % {{ limb }} as decimal(38, 0))
            ),
            named_struct('quotient', cast(0 as decimal(38, 0)), 'rest', cast(0 as decimal(38, 0)), 'divisor', {{ under }}),
            (divided, limb) -> named_struct(
                'quotient', cast(divided.quotient * {{ limb }} + {{ shifted }} div divided.divisor as decimal(38, 0)),
                'rest', cast({{ shifted }} % divided.divisor as decimal(38, 0)),
                'divisor', divided.divisor
            ),
            divided -> cast(
                divided.quotient * {{ 10 ** decimals }}
                + ({{ 2 * 10 ** decimals }} * divided.rest + divided.divisor) div (2 * divided.divisor) as decimal(38, 0)
            )
        )
    {%- endset -%}
    case
        when {{ denominator }} = 0 then 0
        {% if decimals == 0 -%}
        else cast({{ scaled }} as bigint)
        {%- else -%}
        else get(
            transform(array({{ scaled }}), scaled -> case
                -- a division of floats is exact to the last digit only if both are
                when scaled > 9007199254740992 then cast(cast(scaled as string) || 'e-{{ decimals }}' as double)
                else cast(scaled as double) / {{ 10 ** decimals }}
            end),
            0
        )
        {%- endif %}
    end
{%- endmacro %}


{% macro spark__billionths(measure) -%}
    cast({{ measure }} * cast(1000000000 as decimal(10, 0)) as decimal(38, 0))
{%- endmacro %}


-- Spark's own percentiles count in floats, which miss whole numbers above 2^53.
{% macro spark__twice_median(expression) -%}
    {%- set sorted = 'sort_array(collect_list(' ~ expression ~ '))' -%}
    get({{ sorted }}, cast((size({{ sorted }}) - 1) div 2 as int)) + get({{ sorted }}, cast(size({{ sorted }}) div 2 as int))
{%- endmacro %}


{% macro spark__hash_key(columns) -%}
    xxhash64({{ columns | join(', ') }})
{%- endmacro %}


-- Spark writes large floats as 1.0E7.
{% macro spark__short_number(number) -%}
    regexp_replace(cast(cast({{ number }} as decimal(38, 9)) as string), r'\.?0+\z', '')
{%- endmacro %}


-- Spark's percentile() adds up in another order than DuckDB's, so that last digits differ.
{% macro spark__percentiles_at(expression, percents) -%}
    {%- set sorted = 'sort_array(collect_list(cast(' ~ expression ~ ' as double)))' -%}
    case when count({{ expression }}) > 0 then transform(
        array({% for percent in percents %}{{ percent / 100 }}D{{ ', ' if not loop.last }}{% endfor %}),
        share -> get({{ sorted }}, cast(floor(share * (size({{ sorted }}) - 1)) as int))
            * (1D - (share * (size({{ sorted }}) - 1) - floor(share * (size({{ sorted }}) - 1))))
            + get({{ sorted }}, cast(ceil(share * (size({{ sorted }}) - 1)) as int))
            * (share * (size({{ sorted }}) - 1) - floor(share * (size({{ sorted }}) - 1)))
    ) end
{%- endmacro %}


{% macro spark__cost_of_tokens(runs, prices, kinds) -%}
    {%- set terms = [] -%}
    {%- for kind in kinds -%}
        {%- do terms.append(
            "coalesce(cast(" ~ runs ~ "." ~ kind ~ "_tokens as decimal(20, 0)) * " ~ billionths(prices ~ '.' ~ kind) ~ ", 0)"
        ) -%}
    {%- endfor -%}
    {%- set millionths = "(" ~ terms | join(' + ') ~ " + 500000)" -%}
    {#- what is left out first is what the division would round #}
    try_cast(
        cast(({{ millionths }} - {{ millionths }} % 1000000) / cast(1000000 as decimal(7, 0)) as decimal(38, 0))
        * cast(0.000000001 as decimal(9, 9)) as {{ measure_type() }}
    )
{%- endmacro %}
