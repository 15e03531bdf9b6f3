-- Parts that all BI views share.


-- The marts of a metric type over all ranges (var time_ranges), each row with the name of its range.
{% macro all_ranges(metric_type) -%}
    {% for days in var('time_ranges') -%}
    select
        '{{ days }}d' as time_range,
        mart.*
    from {{ ref(metric_type ~ '_' ~ days ~ 'd') }} as mart
    {{- '\n    union all\n    ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


-- What a metric's macro computes, over all ranges. To find out what it reads, which dbt does before every run, one range
-- is enough.
{% macro computed_ranges(metrics, keys, periods_ago=0, percentiles=false) -%}
    {% for days in (var('time_ranges') if execute else var('time_ranges')[:1]) -%}
    select
        '{{ days }}d' as time_range,
        computed.*
    from ({{ metrics(days, periods_ago, keys, percentiles) }}) as computed
    {{- '\n    union all\n    ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


-- The days of a metric's list as flat rows, each with a value.
{% macro rows_by_day(relation, days, value, keys=['org_id']) -%}
    select
        {{ window_columns(keys) }},
        {{ field_of('day', 'date') }} as date,

        -- the document
        {{ field_of('day', value) }} as {{ value }}
    from ({{ list_items(relation, keys + ['time_range', 'as_of', 'window_start'], {'day': days}) }}) as days
{%- endmacro %}


-- A view: the marts of a metric type over all ranges as flat rows, which the macro `rows` makes of them.
{% macro flat_ranges(metric_type, rows) -%}
with

marts as (

    {{ all_ranges(metric_type) }}

),

final as (

    {{ rows('marts') }}

)

select
    *
    {{- and_hours() }}
from final
{%- endmacro %}


-- The same for projects, which marts do not have: computed by the macro `metrics` when asked.
{% macro flat_projects(metrics, rows) -%}
{%- set keys = ['org_id', 'project_id'] -%}
with

computed as (

    {{ computed_ranges(metrics, keys) }}

),

final as (

    {{ rows('computed', keys) }}

)

select * from final
{%- endmacro %}


-- The columns that every BI view begins with.
{% macro window_columns(keys) -%}
    {{ keys | join(', ') }}, time_range, as_of, window_start
{%- endmacro %}


-- Durations in hours as further columns of a select: those that the view's contract has beside the milliseconds.
{% macro and_hours() -%}
    {%- for name in model.columns if '_hours' in name -%}
    ,
    cast({{ name | replace('_hours', '_ms') }} as double) / 3600000 as {{ name }}
    {%- endfor -%}
{%- endmacro %}


-- The names of percentile_columns().
{% macro percentile_names(name, unit) -%}
    {%- set names = [] -%}
    {%- for percentile in percentiles() -%}
        {%- do names.append(name ~ '_p' ~ percentile ~ '_' ~ unit) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}


-- Percentiles as further columns of a select, if they are wanted: pairs of a name and a unit.
{% macro and_percentiles(wanted) -%}
    {%- if wanted -%}
    {%- for name, unit in varargs -%}
    , {{ percentile_names(name, unit) | join(', ') }}
    {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
