-- How tests compare what a mart publishes with what the drill-down views hold. Both sides become rows of numbers: org,
-- range, the number's name, its part (a station, a day...) and its value.


-- Columns of a relation as numbers; `numbers` maps their names to expressions. What is published rounded may differ by
-- half a unit of its last decimal: `decimals` maps such numbers to how many they have.
{% macro as_numbers(relation, numbers, part="''", decimals={}) -%}
    {% for number, expression in numbers.items() -%}
    select
        org_id,
        time_range,
        '{{ number }}' as number,
        cast({{ part }} as {{ dbt.type_string() }}) as part,
        cast({{ expression }} as double) as value,
        {{ 0.5 * 10 ** -decimals[number] if number in decimals else 0 }} as tolerance
    from {{ relation }}
    {{- '\n    union all\n    ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


-- The numbers in the CTE `published` that those in `counted` do not explain, and the other way round. What has no row counts
-- as 0, but must be published. The sums of floats differ from exact ones in the tenth digit or later.
{% macro unexplained_numbers() -%}
    select
        coalesce(published.org_id, counted.org_id) as org_id,
        coalesce(published.time_range, counted.time_range) as time_range,
        coalesce(published.number, counted.number) as number,
        coalesce(published.part, counted.part) as part,
        published.value as published_value,
        counted.value as counted_value
    from published
    full outer join counted
        on published.org_id = counted.org_id
        and published.time_range = counted.time_range
        and published.number = counted.number
        and published.part is not distinct from counted.part
    where
        published.value is null
        or abs(published.value - coalesce(counted.value, 0))
        > published.tolerance + 1e-9 * abs(published.value)
{%- endmacro %}


-- The counts of runs by where their cost is from, as numbers that are columns of the same name.
{% macro cost_run_numbers() -%}
    {%- set numbers = {} -%}
    {%- for count in cost_run_counts() -%}
        {%- do numbers.update({count: count}) -%}
    {%- endfor -%}
    {{ return(numbers) }}
{%- endmacro %}


-- The days of a range that is named like `30d`.
{% macro days_of_range(time_range) -%}
    cast(replace({{ time_range }}, 'd', '') as integer)
{%- endmacro %}
