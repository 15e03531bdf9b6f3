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


-- The columns that every BI view begins with.
{% macro window_columns(keys) -%}
    {{ keys | join(', ') }}, time_range, as_of, window_start
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


-- A metric's rows with those of one window earlier: `metrics` is the macro that computes it, `rows` the one that makes
-- flat rows of that. `part` is the key of a row beside the org (or project), such as `station`. `amounts` and `points` are
-- what to compare: the change of an amount is given as a share, too, which says little of percentages and rates.
-- `others` are columns to show as they are. `bases` names for means, medians and shares the columns that count what they are
-- made of: 0 where nothing was counted is no number to compare with.
{% macro with_previous(metrics, rows, keys, part=none, amounts=[], points=[], others=[], bases={}) -%}
{%- set matched = keys + ['time_range'] + ([part] if part else []) -%}
with

metrics_now as (

    {{ computed_ranges(metrics, keys, percentiles=true) }}

),

metrics_before as (

    {{ computed_ranges(metrics, keys, periods_ago=1) if execute }}

),

present as (

    {{ rows('metrics_now', keys, percentiles=true) }}

),

previous as (

    {{ rows('metrics_before', keys) }}

),

final as (

    select
        -- keys and window
        {{ columns_of('present', matched + ['as_of', 'window_start'] + others) }},

        -- now, before, and the change
        {% for metric in amounts + points -%}
        present.{{ metric }},
        previous.{{ metric }} as previous_{{ metric }},
        {{ if_both_have(bases.get(metric), change('present.' ~ metric, 'previous.' ~ metric)) }} as {{ metric }}_change
        {%- if metric in amounts %},
        {{ if_both_have(bases.get(metric), change_share('present.' ~ metric, 'previous.' ~ metric)) }}
            as {{ metric }}_change_share
        {%- endif %}{{ ',' if not loop.last }}
        {% endfor -%}

    from present
    left join previous on {{ matching('present', 'previous', matched) }}

)

select
    *
    {{- and_hours() }}
from final
{%- endmacro %}


-- A change, or null where one of the windows has none of what `base`, a list of columns, counts together; of several such
-- lists, none of one. Without a base the metric is a count or a sum, of which 0 is a value like any other.
{% macro if_both_have(base, change) -%}
    {%- if base -%}
    case
            when
                {% for counts in ([base] if base[0] is string else base) -%}
                {{ 'and ' if not loop.first }}present.{{ counts | join(' + present.') }} > 0
                and previous.{{ counts | join(' + previous.') }} > 0
                {% endfor -%}
                then {{ change }}
        end
    {%- else -%}
    {{ change }}
    {%- endif -%}
{%- endmacro %}


-- Durations in hours as further columns of a select: those that the view's contract has beside the milliseconds.
{% macro and_hours() -%}
    {%- for name in model.columns if '_hours' in name -%}
    ,
    cast({{ name | replace('_hours', '_ms') }} as double) / 3600000 as {{ name }}
    {%- endfor -%}
{%- endmacro %}


-- The difference of two metrics, without the noise that floats add to 4 decimals.
{% macro change(present, previous) -%}
    round({{ present }} - {{ previous }}, 4)
{%- endmacro %}


-- The difference as a share of what was before; null when that is 0.
{% macro change_share(present, previous) -%}
    case when {{ previous }} != 0 then ({{ present }} - {{ previous }}) / cast({{ previous }} as double) end
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
