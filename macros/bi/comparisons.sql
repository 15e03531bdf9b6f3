-- A metric beside what it was one window earlier.


-- A metric's rows with the rows of one window earlier: `metrics` is the macro that computes it, `rows` the one that makes
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


-- The difference of two metrics, without the noise that floats add to 4 decimals.
{% macro change(present, previous) -%}
    round({{ present }} - {{ previous }}, 4)
{%- endmacro %}


-- The difference as a share of what was before; null when that is 0.
{% macro change_share(present, previous) -%}
    case when {{ previous }} != 0 then ({{ present }} - {{ previous }}) / cast({{ previous }} as double) end
{%- endmacro %}
